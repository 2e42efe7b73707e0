-- Shared by every script, included by name. Keys are built here and not declared: there is no Redis Cluster.
-- A script reads and checks everything before its first write, since Redis does not roll back.

local function refuse(text)
    error({err = text})
end

local function text(number)
    return string.format('%.0f', number)
end

local function a_name(who)
    if not who or #who > 256 or string.find(who, '\n', 1, true) then
        refuse('BADARG who')
    end
    return who
end

local function shown(key)
    return (string.gsub(key, '[^%w:_-]', function(c) return string.format('\\x%02x', string.byte(c)) end))
end

-- Refuses a key of another type; says whether there is one.
local function need(key, kind)
    local is = redis.call('TYPE', key).ok
    if is ~= kind and is ~= 'none' then
        refuse('WRONGKEY ' .. shown(key) .. ' is ' .. is .. ', not ' .. kind)
    end
    return is ~= 'none'
end

-- One read that checks the type on its way: TYPE is only asked when it went wrong.
local function read(kind, command, key, ...)
    local reply = redis.pcall(command, key, ...)
    if type(reply) == 'table' and reply.err then
        need(key, kind)
        refuse(reply.err)
    end
    return reply
end

-- A stored counter or time; absent is 0. HINCRBY on it cannot fail then.
local function whole(value, where)
    if not value then
        return 0
    end
    if #value > 16 or not string.find(value, '^%-?%d+$') or text(tonumber(value)) ~= value then
        refuse('BADVALUE ' .. shown(where) .. ' is no whole number')
    end
    return tonumber(value)
end

local function argument(value, what)
    if not value or #value > 16 or not string.find(value, '^%d+$') then
        refuse('BADARG ' .. what)
    end
    return tonumber(value)
end

local function partition(value)
    local p = argument(value, 'partition')
    if p > 63 then
        refuse('BADARG partition')
    end
    return text(p)
end

local function bytes(value, size, what)
    if not value or #value ~= size then
        refuse('BADARG ' .. what)
    end
    return value
end

-- A field of a stream entry; nil when it has none.
local function field(fields, name)
    for i = 1, #fields, 2 do
        if fields[i] == name then
            return fields[i + 1]
        end
    end
end

-- What stands of a delivery, and the channel its event came from.
local function told(delivery)
    local fields = read('hash', 'HGETALL', 'hg:d:' .. delivery)
    fields[#fields + 1] = 'channel'
    fields[#fields + 1] = read('hash', 'HGET', 'hg:e:' .. string.sub(delivery, 1, 16), 'channel') or ''
    return fields
end

local function now_ms()
    local time = redis.call('TIME')
    return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- The fence: this token holds the partition, and its time is not up.
local function owns(p, token)
    local key = 'hg:P:' .. p
    local held = read('hash', 'HMGET', key, 'token', 'until')
    return held[1] == token and whole(held[2], key .. ' until') > now_ms()
end
