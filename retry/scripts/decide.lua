#!lua flags=allow-oom
-- A person's word on a delivery that is held, parked, dead or perhaps sent: a compare-and-set on what they saw, with a
-- frame that says who. Anybody's.
-- ARGV: D(32) state(seen) attempts(seen) verdict reason progress maybe(0|1) frame
--   approve       hold -> back to work; not when it may have arrived: that is arrived or not_arrived
--   arrived       perhaps sent, and it is there: back to work for what is left, with this progress; `maybe`: the rest
--                 may have been sent, too
--   not_arrived   perhaps sent, and it is not there: back to work
--   discard       hold, park, dead: nobody needs it
--   supersede     hold, park, dead and surely never sent: suppressed
-- Answer: {0 done | 1 gone | 2 changed | 3 not for this one, p, state now, what of its lane is ready now (p D or ''),
--   how its event ended ('' | a | s | x)}
--include common
--include delivery

local id, seen, attempts = bytes(ARGV[1], 32, 'delivery'), ARGV[2], argument(ARGV[3], 'attempts')
local verdict, reason, progress, maybe, frame = ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8]
local verdicts = {approve = true, arrived = true, not_arrived = true, discard = true, supersede = true}
if #ARGV ~= 8 or not verdicts[verdict] or maybe ~= '0' and maybe ~= '1' then
    refuse('BADARG verdict')
end

local d = delivery(id)
if not d then
    return {1, 0, '', '', ''}
end
share(d.p)
local known = record(d.event)
look_behind(d.lane)
if not known then
    refuse('BADSTATE ' .. shown('hg:e:' .. d.event))
end
if d.state ~= seen or d.attempts ~= attempts then
    return {2, tonumber(d.p), d.state, '', ''}
end

local stands = d.state == 'hold' or d.state == 'park' or d.state == 'dead'
local unknown = d.maybe and (stands or d.state == 'due')
local allowed = {approve = d.state == 'hold' and not d.maybe, arrived = unknown, not_arrived = unknown,
                 discard = stands, supersede = stands and not d.maybe and not d.begun and d.attempts == 0}
if not allowed[verdict] then
    return {3, tonumber(d.p), d.state, '', ''}
end

local letter = ''
local passed = ''
if verdict == 'discard' or verdict == 'supersede' then
    move(d, verdict == 'discard' and 'discarded' or 'suppressed', 0, 'reason', reason)
    passed = arrange(d)
    letter = verdict == 'discard' and 'x' or 's'
else
    d.maybe = verdict == 'arrived' and maybe == '1'
    if verdict == 'arrived' then
        redis.call('HSET', 'hg:d:' .. d.id, 'progress', progress)
    end
    to_work(d)
    letter = 'w'
end
local ended = settle(known)
tell_history(d, letter, ended, frame)
write_counts()
return {0, tonumber(d.p), d.state, passed, ended}
