#!lua flags=allow-oom
-- A person's word on a delivery that is held, parked, dead or perhaps sent: a compare-and-set on what they saw, with a
-- frame that says who. Anybody's.
-- ARGV: D(32) state(seen) attempts(seen) verdict reason target frame, then of what arrived: guard(16) value each
--   approve       hold -> back to work; not when it may have arrived: that is arrived or not_arrived
--   arrived       perhaps sent, and it is there as `target`: applied
--   not_arrived   perhaps sent, and it is not there: back to work
--   discard       hold, park, dead -> discarded
--   supersede     hold, park, dead -> suppressed; only what was surely never sent
-- Answer: {0 done | 1 gone | 2 changed | 3 not for this one, p, state now, what of its lane is ready now (p D or ''),
--   how its event ended ('' | a | s | x)}
--include common
--include guards
--include delivery

local id, seen, attempts = bytes(ARGV[1], 32, 'delivery'), ARGV[2], argument(ARGV[3], 'attempts')
local verdict, reason, target, frame = ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local verdicts = {approve = true, arrived = true, not_arrived = true, discard = true, supersede = true}
if #ARGV < 7 or #ARGV % 2 == 0 or not verdicts[verdict] then
    refuse('BADARG verdict')
end
local guards = {}
for i = 8, #ARGV, 2 do
    local name = bytes(ARGV[i], 16, 'guard')
    guard(ARGV[i + 1], 'guard')
    guards[#guards + 1] = guard_write(name, ARGV[i + 1])
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
                 discard = stands, supersede = stands and not d.maybe and d.attempts == 0}
if not allowed[verdict] then
    return {3, tonumber(d.p), d.state, '', ''}
end

local letter = ''
local passed = ''
if verdict == 'approve' or verdict == 'not_arrived' then
    d.maybe = false
    to_work(d)
    letter = 'w'
else
    local ends = {arrived = 'applied', discard = 'discarded', supersede = 'suppressed'}
    local letters = {arrived = 'a', discard = 'x', supersede = 's'}
    move(d, ends[verdict], 0, 'reason', reason, 'target', target)
    if verdict == 'arrived' then
        write_guards(guards)
    end
    passed = arrange(d)
    letter = letters[verdict]
end
local ended = settle(known)
tell_history(d, letter, ended, frame)
write_counts()
return {0, tonumber(d.p), d.state, passed, ended}
