-- Guards, included after common by the scripts that write them. Each is read and checked by `guard_write` before the
-- first write.

local guard_seconds = '7776000'  -- 90 days
local guards_held = {}           -- guard key -> value

-- Byte by byte: Lua's own < goes by the server's locale.
local function order(left, right)
    for i = 1, math.min(#left, #right) do
        local l, r = string.byte(left, i), string.byte(right, i)
        if l ~= r then
            return l < r and -1 or 1
        end
    end
    return #left - #right
end

-- A guard's value: be16 length, version, be64 seq, the rest is not ours to read.
local function guard(value, where)
    local length = #value >= 2 and struct.unpack('>I2', value) or 0
    if #value < 10 + length then
        refuse('BADVALUE ' .. shown(where))
    end
    return string.sub(value, 3, 2 + length), struct.unpack('>I8', value, 3 + length)
end

local function may_replace(old, new, where)
    local old_version, old_seq = guard(old, where)
    local new_version, new_seq = guard(new, where)
    if #old_version > 0 and #new_version > 0 and string.byte(old_version) == string.byte(new_version) then
        local newer = order(new_version, old_version)
        if newer ~= 0 then
            return newer > 0
        end
    end
    return new_seq >= old_seq
end

local function guard_write(name, value)
    local key = 'hg:g:' .. name
    if guards_held[key] == nil then
        guards_held[key] = read('string', 'GET', key)
        if guards_held[key] then
            guard(guards_held[key], key)
        end
    end
    return {key = key, value = value}
end

local function write_guards(writes)
    for _, new in ipairs(writes) do
        if not guards_held[new.key] or may_replace(guards_held[new.key], new.value, new.key) then
            guards_held[new.key] = new.value
            redis.call('SET', new.key, new.value, 'EX', guard_seconds)
        end
    end
end
