#!lua flags=allow-oom
-- An event leaves the backlog for the slow path, with a record for each of its deliveries. Fenced. What `d` knows
-- already stays as it is, but for what was readmitted; of that, what comes no more is suppressed as `not_mapped`.
-- ARGV: token(16) p seq event(16) config worst(class or '') frame frame_of_superseded channel deliveries, then for
--   each:
--   half(16) slot system lane(16) type latest|sequence|free n(place in its event) attempts first(ms) effect(32)
--   replaces('' | type | all) version('' none) fact(16: its guard's name; '' none) terms('' none; opaque) parents,
--   then type guard(16) each; and how it stands (see telling):
--   ready | due | park | hold | dead | applied | suppressed
-- One that would have a lane which another has waits in it instead: what it had come to is found out again in its turn.
-- One that replaces what is older in its lane, of its own type and not of a newer version, or all, and was surely never
-- sent, nor a step of it: that is suppressed as `superseded`. It goes when the first of those would have gone. When a
-- parent was among them that is not applied, and no other of its type is left in the lane, there is nothing to tell of,
-- and it is superseded itself.
-- Answer: {0 placed | 1 gone (nothing written; see bury), '' open | a | s | x ended, what else became ready by it: p D
--   each, how many other events ended}
--include common
--include guards
--include delivery
--include telling

local most_deliveries = 10000

local token, p = bytes(ARGV[1], 16, 'token'), partition(ARGV[2])
local seq, event, config = argument(ARGV[3], 'seq'), bytes(ARGV[4], 16, 'event'), argument(ARGV[5], 'config')
local worst, frame, frame_of_superseded, channel = ARGV[6], ARGV[7], ARGV[8], ARGV[9]
local count = argument(ARGV[10], 'deliveries')
if count > most_deliveries or channel == '' then
    refuse('BADARG items')
end
next_argument = 11

local states = {ready = true, due = true, park = true, hold = true, dead = true, applied = true,
                suppressed = true}
local orders = {latest = true, sequence = true, free = true}
local replacing = {[''] = true, type = true, all = true}
local told = {}
local named = {}
for i = 1, count do
    local one = {half = bytes(take_argument(), 16, 'half'), slot = take_argument(), system = take_argument(),
                 lane = bytes(take_argument(), 16, 'lane'), type = take_argument(), order = take_argument(),
                 n = take_number('n'), attempts = take_number('attempts'), first = take_number('first'),
                 effect = bytes(take_argument(), 32, 'effect'), replaces = take_argument(),
                 version = take_argument(), fact = take_argument(),
                 terms = take_argument(), parents = {}}
    for j = 1, take_number('parents') do
        one.parents[j] = {type = take_argument(), guard = bytes(take_argument(), 16, 'guard')}
    end
    one.telling = take_telling()
    if not states[one.telling.as] or not orders[one.order] or not replacing[one.replaces] or one.n > 65535 or
       one.system == '' or named[one.half] or one.fact ~= '' and #one.fact ~= 16 then
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
if count == 0 and (not known or known.d == '') then
    refuse('BADARG items')
end
if not known then
    known = {event = event, p = p, round = 0, seq = origin, left = 0, dead = 0, again = 0, applied = 0, discarded = 0,
             d = '', waits = false, by = ''}
    records[event] = known
end
known.channel = known.channel or channel
expect_channel(known.channel)

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

-- What one replaces: those that wait in the lane, and then who has it.
local most_replaced = 128
local ours = {[p] = true}
local replaced = {}  -- D -> true
local function is_newer(d, one)
    return #d.version > 0 and #one.version > 0 and string.byte(d.version) == string.byte(one.version) and
           order(d.version, one.version) > 0
end
local function may_be_replaced(d, one)
    if ours[d.p] == nil then
        ours[d.p] = owns(d.p, token)
    end
    return ours[d.p] and d.event ~= event and not replaced[d.id] and kinds[d.state] == 'left' and d.state ~= 'busy' and
           d.attempts == 0 and not d.maybe and not d.begun and d.seq < origin and
           (one.replaces == 'all' or d.type == one.type and not is_newer(d, one))
end
local function look_at_replaced(one)
    one.replaced = {}
    local owner, marks = holder(one.lane)
    local names = {}
    for i = 1, #marks do
        local key = 'hg:lane:' .. text(string.byte(marks, i))
        expect(key, 'zset')
        local first, last = '[' .. one.lane, '[' .. one.lane .. string.rep('\255', 43)
        for j, member in ipairs(redis.call('ZRANGEBYLEX', key, first, last, 'LIMIT', '0', text(most_replaced + 1))) do
            local name = string.sub(member, 27)
            -- Each may have its turn once those before it are gone: the last one too, which stays.
            if not delivery(name) then
                refuse('BADSTATE ' .. shown('hg:blk:' .. one.lane) .. ': who waits is not known')
            end
            if j <= most_replaced then
                names[#names + 1] = name
            end
        end
    end
    if owner then
        names[#names + 1] = owner
    end
    local stays = {}  -- types of which something before it may still be applied
    for _, name in ipairs(names) do
        local d = delivery(name)
        if d and may_be_replaced(d, one) and record(d.event) then
            share(d.p)
            look_behind(d.lane)
            replaced[d.id] = true
            one.replaced[#one.replaced + 1] = d
            if d.state == 'due' and one.telling.as == 'due' then
                one.telling.at = math.min(one.telling.at, tonumber(redis.call('ZSCORE', set_of(d, 'due'), d.id)))
            end
        elseif d and kinds[d.state] == 'left' and not replaced[d.id] then
            stays[d.type] = true
        end
    end
    for _, parent in ipairs(one.parents) do
        local is_there = need('hg:g:' .. parent.guard, 'string')
        for _, d in ipairs(one.replaced) do
            if d.type == parent.type and not is_there and not stays[parent.type] then
                one.telling.as, one.telling.reason = 'suppressed', 'superseded'
                one.telling.guards, one.telling.references = {}, {}
            end
        end
    end
end

local new = {}
for _, one in ipairs(told) do
    local d_id = event .. one.half
    local d = delivery(d_id)
    if not d or d.state == 'again' then
        expect('hg:d:' .. d_id, 'hash')
        one.known = d
        one.d = {id = d_id, event = event, p = p, system = one.system, lane = one.lane, order = one.order, seq = origin,
                 n = one.n, attempts = one.attempts, maybe = d and d.maybe, begun = d and d.begun, slot = one.slot,
                 type = one.type, version = one.version}
        expect_sets(one.d)
        look_behind(one.lane)
        look_at_telling(one.telling, p)
        local as = one.telling.as
        if one.replaces ~= '' and one.attempts == 0 and (as == 'ready' or as == 'due' or as == 'park') then
            look_at_replaced(one)
        end
        new[#new + 1] = one
    end
end

redis.call('XDEL', inbox, id)
redis.call('HSET', open, event, text(known.seq))
redis.call('HSET', 'hg:e:' .. event, 'p', p, 'seq', text(known.seq), 'round', text(known.round), 'config', text(config),
           'worst', worst, 'channel', known.channel)
if has_body then
    redis.call('HSET', 'hg:e:' .. event, 'body', 'redis')
end

local moved_up = {}
local function now_ready(name)
    if name ~= '' then
        moved_up[#moved_up + 1] = name
    end
end
for _, d in ipairs(dropped) do
    move(d, 'suppressed', 0, 'reason', 'not_mapped')
    now_ready(arrange(d))
end
local fresh = {}
local others_ended = 0
for _, one in ipairs(new) do
    local d = one.d
    for _, older in ipairs(one.replaced or {}) do
        move(older, 'suppressed', 0, 'reason', 'superseded')
        now_ready(arrange(older))
        local ended = settle(records[older.event])
        others_ended = others_ended + (ended ~= '' and 1 or 0)
        tell_history(older, 's', ended, frame_of_superseded)
    end
    if one.known then
        if one.known.lane ~= d.lane then
            -- A mended mapping names another entity: the lane it had goes on without it.
            local left = {id = d.id, lane = one.known.lane, system = one.known.system, p = p, state = 'suppressed'}
            now_ready(arrange(left))
        end
        d.state = 'again'
    else
        d.state = nil
        fresh[#fresh + 1] = one.half
        counted(p, 'd_created', 1)
    end
    deliveries[d.id] = d
    wait_for_its_turn(d, one.telling)
    if one.fact ~= '' then
        redis.call('HSET', 'hg:d:' .. d.id, 'fact', one.fact)
    end
    write_telling(d, one.telling, 'p', p, 'slot', d.slot, 'system', d.system, 'lane', d.lane, 'type', d.type, 'order',
                  d.order, 'n', text(d.n), 'seq', text(d.seq), 'effect', one.effect, 'first', text(one.first), 'version',
                  one.version)
    if one.terms ~= '' then
        redis.call('HSET', 'hg:d:' .. d.id, 'terms', one.terms)
    elseif one.known then
        redis.call('HDEL', 'hg:d:' .. d.id, 'terms')
    end
    redis.call('SADD', 'hg:sys:' .. p, d.system)
    now_ready(arrange(d))
end
known.d = known.d .. table.concat(fresh)
redis.call('HSET', 'hg:e:' .. event, 'd', known.d)

local ended = settle(known)
local state = ended ~= '' and ended or known.left > 0 and 'w' or 'd'
redis.call('XADD', 'hg:hist:' .. p, '*', 'e', event, 's', state, 'r', text(known.round), 'f', frame)
write_counts()
local ready = {}
for _, name in ipairs(moved_up) do
    -- Or it was replaced after that.
    if deliveries[string.sub(name, 2)].state == 'ready' then
        ready[#ready + 1] = name
    end
end
return {0, ended, table.concat(ready), others_ended}
