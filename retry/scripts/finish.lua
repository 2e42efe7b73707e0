#!lua flags=allow-oom
-- The fast path's end, many events a call. Fenced per partition.
-- ARGV: token(16), then per event: p seq event(16) a|s d_applied d_suppressed frame guards, then key(16) value per
--   guard
-- Answer per event: 0 finished, 1 gone (nothing written), 2 the slow path's (in open, or with a delivery that is open,
--   dead or readmitted): refused, 3 fenced: refused
-- A seq is not enough to know an entry by: a Redis that lost its last second (`durability: relaxed`, a failover) gives
-- the same seq again, to another event.
--include common
--include guards

local token = bytes(ARGV[1], 16, 'token')

local ours = {}    -- p -> whether the fence lets us
local counts = {}  -- P key -> field -> how many more
local function counted(key, field, n)
    counts[key] = counts[key] or {}
    counts[key][field] = (counts[key][field] or 0) + n
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

-- A delivery that is open, dead or dead and readmitted is the slow path's: the event goes through place.
local function read_record(event)
    local key = 'hg:e:' .. event.id
    local known = read('hash', 'HMGET', key, 'round', 'left', 'dead', 'again')
    event.round = whole(known[1], key .. ' round')
    if whole(known[2], key .. ' left') + whole(known[3], key .. ' dead') + whole(known[4], key .. ' again') > 0 then
        event.answer = 2
    end
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
        read_record(event)
    end
    for _ = 1, guards do
        local name = bytes(ARGV[at], 16, 'guard')
        guard(ARGV[at + 1], 'guard')
        if event.answer == 0 then
            event.guards[#event.guards + 1] = guard_write(name, ARGV[at + 1])
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
        write_guards(event.guards)
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
