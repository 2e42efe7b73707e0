#!lua flags=allow-oom
-- An event leaves the backlog for the slow path, with a record for each of its deliveries. Fenced. What `d` knows
-- already stays as it is, but for what was readmitted; of that, what comes no more is suppressed as `not_mapped`.
-- ARGV: token(16) p seq event(16) config worst(class or '') frame deliveries, then for each:
--   half(16) slot system lane(16) type latest|sequence|free n(place in its event) attempts first(ms) effect(32), and
--   how it stands (see telling): ready | due | lane | park | hold | dead | applied | suppressed
-- Answer: {0 placed | 1 gone (nothing written; see bury), '' open | a | s | x ended, what became ready by it: D each,
--   how many wait on for what it woke}
-- Refused (BADSTATE): a delivery that would have a lane which another one has, or wait in its own.
--include common
--include guards
--include delivery
--include telling

local most_deliveries = 1000

local token, p = bytes(ARGV[1], 16, 'token'), partition(ARGV[2])
local seq, event, config = argument(ARGV[3], 'seq'), bytes(ARGV[4], 16, 'event'), argument(ARGV[5], 'config')
local worst, frame = ARGV[6], ARGV[7]
local count = argument(ARGV[8], 'deliveries')
if count < 1 or count > most_deliveries then
    refuse('BADARG items')
end
next_argument = 9

local states = {ready = true, due = true, lane = true, park = true, hold = true, dead = true, applied = true,
                suppressed = true}
local orders = {latest = true, sequence = true, free = true}
local told = {}
local named = {}
for i = 1, count do
    local one = {half = bytes(take_argument(), 16, 'half'), slot = take_argument(), system = take_argument(),
                 lane = bytes(take_argument(), 16, 'lane'), type = take_argument(), order = take_argument(),
                 n = take_number('n'), attempts = take_number('attempts'), first = take_number('first'),
                 effect = bytes(take_argument(), 32, 'effect')}
    one.telling = take_telling()
    if not states[one.telling.as] or not orders[one.order] or one.n > 65535 or one.system == '' or named[one.half] then
        refuse('BADARG delivery')
    end
    named[one.half] = true
    told[i] = one
end
if next_argument ~= #ARGV + 1 then
    refuse('BADARG count')
end

local inbox, open, body = 'hg:in:' .. p, 'hg:open:' .. p, 'hg:b:' .. event
if not owns(p, token) then
    refuse('FENCED ' .. shown('hg:P:' .. p))
end
share(p)
need(inbox, 'stream')
need('hg:sys:' .. p, 'set')
local has_body = need(body, 'string')
local known = record(event)

local id = text(seq) .. '-0'
local found = redis.call('XRANGE', inbox, id, id)
if #found == 0 or field(found[1][2], 'e') ~= event then
    return {1, '', '', 0}
end
local origin = field(found[1][2], 'o')
origin = origin and whole(origin, inbox .. ' o') or seq
if redis.call('HEXISTS', open, event) == 1 or known and known.p ~= p then
    refuse('BADSTATE event is in backlog and in open, or of another partition')
end
if not known then
    known = {event = event, p = p, round = 0, seq = origin, left = 0, dead = 0, again = 0, applied = 0, discarded = 0,
             d = ''}
    records[event] = known
end

-- What was readmitted and is not told of any more.
local dropped = {}
for i = 1, #known.d, 16 do
    local half = string.sub(known.d, i, i + 15)
    local d = delivery(event .. half)
    if d and d.state == 'again' then
        look_behind(d.lane)
        if not named[half] then
            dropped[#dropped + 1] = d
        end
    end
end

-- Who would have a lane, one delivery after another.
local new = {}
local owners = {}
local joined = {}  -- lane -> true: one of these would wait in it
local function owner_of(lane)
    if owners[lane] == nil then
        owners[lane] = holder(lane) or nobody
    end
    return owners[lane]
end
local function give_up(lane, d_id)
    if owner_of(lane) == d_id then
        owners[lane] = lane_head(lane, select(2, holder(lane))) or joined[lane] and 'one of these' or nobody
    end
end
for _, d in ipairs(dropped) do
    give_up(d.lane, d.id)
end
for _, one in ipairs(told) do
    local d_id = event .. one.half
    local d = delivery(d_id)
    if not d or d.state == 'again' then
        expect('hg:d:' .. d_id, 'hash')
        if d and d.lane ~= one.lane then
            give_up(d.lane, d_id)
        end
        one.known = d
        one.d = {id = d_id, event = event, p = p, system = one.system, lane = one.lane, order = one.order,
                 state = one.telling.as, seq = origin, n = one.n, attempts = one.attempts, maybe = d and d.maybe,
                 slot = one.slot, type = one.type}
        expect_sets(one.d)
        look_behind(one.lane)
        look_at_telling(one.telling, p)
        local owner = owner_of(one.lane)
        if has_lane(one.d) and owner ~= d_id and owner ~= nobody or one.d.state == 'lane' and owner == d_id then
            refuse('BADSTATE ' .. shown('hg:blk:' .. one.lane) .. ': the lane is another\'s')
        end
        if has_lane(one.d) then
            owners[one.lane] = d_id
        else
            give_up(one.lane, d_id)
        end
        joined[one.lane] = joined[one.lane] or one.d.state == 'lane'
        new[#new + 1] = one
    end
end

redis.call('XDEL', inbox, id)
redis.call('HSET', open, event, text(known.seq))
redis.call('HSET', 'hg:e:' .. event, 'p', p, 'seq', text(known.seq), 'round', text(known.round), 'config', text(config),
           'worst', worst)
if has_body then
    redis.call('HSET', 'hg:e:' .. event, 'body', 'redis')
end

local ready = {}
local function now_ready(names)
    if names ~= '' then
        ready[#ready + 1] = names
    end
end
for _, d in ipairs(dropped) do
    move(d, 'suppressed', 0, 'reason', 'not_mapped')
    now_ready(arrange(d))
end
local fresh = {}
for _, one in ipairs(new) do
    local d = one.d
    if one.known then
        if one.known.lane ~= d.lane then
            -- A mended mapping names another entity: the lane it had goes on without it.
            now_ready(arrange({id = d.id, lane = one.known.lane, p = p, state = 'suppressed'}))
        end
        d.state = 'again'
    else
        d.state = nil
        fresh[#fresh + 1] = one.half
        counted(p, 'd_created', 1)
    end
    deliveries[d.id] = d
    write_telling(d, one.telling, 'p', p, 'slot', d.slot, 'system', d.system, 'lane', d.lane, 'type', d.type, 'order',
                  d.order, 'n', text(d.n), 'seq', text(d.seq), 'effect', one.effect)
    redis.call('HSETNX', 'hg:d:' .. d.id, 'first', text(one.first))
    redis.call('SADD', 'hg:sys:' .. p, d.system)
    now_ready(arrange(d))
end
known.d = known.d .. table.concat(fresh)
redis.call('HSET', 'hg:e:' .. event, 'd', known.d)
for _, one in ipairs(new) do
    now_ready(wake(one.telling, p))
end

local ended = settle(known)
local state = ended ~= '' and ended or known.left > 0 and 'w' or 'd'
redis.call('XADD', 'hg:hist:' .. p, '*', 'e', event, 's', state, 'r', text(known.round), 'f', frame)
write_counts()
local waiting = 0
for _, one in ipairs(new) do
    waiting = waiting + still_parked(one.telling)
end
return {0, ended, table.concat(ready), waiting}
