#!lua flags=allow-oom
-- The fast path's end, many events a call. Fenced per partition.
-- ARGV: token(16), then per event: p seq event(16) a|s d_applied d_suppressed frame guards, then key(16) value per
--   guard
-- Answer per event: 0 finished, 1 gone (nothing written), 2 in open: refused, 3 fenced: refused
-- A seq is not enough to know an entry by: a Redis that lost its last second (`durability: relaxed`, a failover) gives
-- the same seq again, to another event.
--include common

local guard_seconds = '7776000'  -- 90 days
local token = bytes(ARGV[1], 16, 'token')

local ours = {}    -- p -> whether the fence lets us
local held = {}    -- guard key -> value
local counts = {}  -- P key -> field -> how many more
local function counted(key, field, n)
    counts[key] = counts[key] or {}
    counts[key][field] = (counts[key][field] or 0) + n
end

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

local function check_partition(p)
    local key = 'hg:P:' .. p
    if not owns(p, token) then
        return false
    end
    local fields = {'applied', 'suppressed', 'd_created', 'd_applied', 'd_suppressed'}
    for i, value in ipairs(redis.call('HMGET', key, unpack(fields))) do
        whole(value, key .. ' ' .. fields[i])
    end
    need('hg:in:' .. p, 'stream')
    need('hg:hist:' .. p, 'stream')
    need('hg:open:' .. p, 'hash')
    return true
end

local function in_backlog(event)
    local id = text(event.seq) .. '-0'
    local found = redis.call('XRANGE', 'hg:in:' .. event.p, id, id)
    return #found == 1 and field(found[1][2], 'e') == event.id
end

local events = {}
local at = 2
while at <= #ARGV do
    local event = {p = partition(ARGV[at]), seq = argument(ARGV[at + 1], 'seq'), id = bytes(ARGV[at + 2], 16, 'event'),
                   as = ARGV[at + 3], applied = argument(ARGV[at + 4], 'applied'),
                   suppressed = argument(ARGV[at + 5], 'suppressed'), frame = ARGV[at + 6], guards = {}, answer = 0}
    local guards = argument(ARGV[at + 7], 'guards')
    if event.as ~= 'a' and event.as ~= 's' or at + 7 + 2 * guards > #ARGV then
        refuse('BADARG item')
    end
    at = at + 8

    if ours[event.p] == nil then
        ours[event.p] = check_partition(event.p)
    end
    if not ours[event.p] then
        event.answer = 3
    elseif redis.call('HEXISTS', 'hg:open:' .. event.p, event.id) == 1 then
        event.answer = 2
    elseif not in_backlog(event) then
        event.answer = 1
    else
        event.round = whole(read('hash', 'HGET', 'hg:e:' .. event.id, 'round'), 'hg:e:' .. event.id .. ' round')
    end
    for _ = 1, guards do
        local key = 'hg:g:' .. bytes(ARGV[at], 16, 'guard')
        guard(ARGV[at + 1], 'guard')
        if event.answer == 0 then
            if held[key] == nil then
                held[key] = read('string', 'GET', key)
                if held[key] then
                    guard(held[key], key)
                end
            end
            event.guards[#event.guards + 1] = {key = key, value = ARGV[at + 1]}
        end
        at = at + 2
    end
    events[#events + 1] = event
end
if #events < 1 or #events > 128 then
    refuse('BADARG items')
end

local answers = {}
for i, event in ipairs(events) do
    -- The same event twice in one call: the first has it.
    if event.answer == 0 and redis.call('XDEL', 'hg:in:' .. event.p, text(event.seq) .. '-0') == 0 then
        event.answer = 1
    end
    if event.answer == 0 then
        for _, new in ipairs(event.guards) do
            if not held[new.key] or may_replace(held[new.key], new.value, new.key) then
                held[new.key] = new.value
                redis.call('SET', new.key, new.value, 'EX', guard_seconds)
            end
        end
        local key = 'hg:P:' .. event.p
        counted(key, event.as == 'a' and 'applied' or 'suppressed', 1)
        counted(key, 'd_created', event.applied + event.suppressed)
        counted(key, 'd_applied', event.applied)
        counted(key, 'd_suppressed', event.suppressed)
        redis.call('XADD', 'hg:hist:' .. event.p, '*', 'e', event.id, 's', event.as, 'r', text(event.round),
                   'f', event.frame)
    end
    answers[i] = event.answer
end
for key, fields in pairs(counts) do
    for field, n in pairs(fields) do
        if n > 0 then
            redis.call('HINCRBY', key, field, text(n))
        end
    end
end
return answers
