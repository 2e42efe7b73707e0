#!lua flags=allow-oom
-- A person's word, or a rule's, on a delivery that is held, parked, dead or perhaps sent: a compare-and-set on what they
-- saw, with a frame that says who. Anybody's.
-- ARGV: D(32) state(seen) attempts(seen) verdict reason progress maybe(0|1) frame who rule(seen) content(seen) apart(0|1)
--   note
--   approve       hold -> back to work. Of what a rule holds (`rule` with the `content` that it asked about, else both
--                 '') the note is kept with that content, and the rule asks no more about it; it may have arrived before,
--                 and that stays so. `apart`: not by who has put something of the event back to work. Held otherwise: not
--                 when it may have arrived, that is arrived or not_arrived
--   arrived       perhaps sent, and it is there: back to work for what is left, with this progress; `maybe`: the rest
--                 may have been sent, too. Not while a rule holds it
--   not_arrived   perhaps sent, and it is not there: back to work. Not while a rule holds it
--   discard       hold, park, dead: nobody needs it
--   supersede     hold, park, dead and surely never sent: suppressed
--   escalate      held by a rule: stays so, and is marked, once
-- Answer: {0 done | 1 gone | 2 changed | 3 not for this one | 4 not by this one, p, state now, what of its lane is ready
--   now (p D or ''), how its event ended ('' | a | s | x)}
--include common
--include delivery

local id, seen, attempts = bytes(ARGV[1], 32, 'delivery'), ARGV[2], argument(ARGV[3], 'attempts')
local verdict, reason, progress, maybe, frame = ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8]
local who, rule, content, apart, note = a_name(ARGV[9]), ARGV[10], ARGV[11], ARGV[12], ARGV[13]
local verdicts = {approve = true, arrived = true, not_arrived = true, discard = true, supersede = true, escalate = true}
if #ARGV ~= 13 or not verdicts[verdict] or maybe ~= '0' and maybe ~= '1' or apart ~= '0' and apart ~= '1' then
    refuse('BADARG verdict')
end

local d = delivery(id)
if not d then
    return {1, 0, '', '', ''}
end
share(d.p)
local known = record(d.event)
look_behind(d.lane)
if verdict == 'escalate' then
    expect('hg:escalated', 'set')
end
if not known then
    refuse('BADSTATE ' .. shown('hg:e:' .. d.event))
end
if d.state ~= seen or d.attempts ~= attempts or d.rule ~= rule or d.content ~= content then
    return {2, tonumber(d.p), d.state, '', ''}
end

local stands = d.state == 'hold' or d.state == 'park' or d.state == 'dead'
local asked = d.rule ~= ''
local unknown = d.maybe and not asked and (stands or d.state == 'due')
local allowed = {approve = d.state == 'hold' and (asked or not d.maybe), arrived = unknown, not_arrived = unknown,
                 discard = stands, supersede = stands and not d.maybe and not d.begun and d.attempts == 0,
                 escalate = asked and not d.escalated}
if not allowed[verdict] then
    return {3, tonumber(d.p), d.state, '', ''}
end
if apart == '1' and (who == '' or is_among(known.by, who)) then
    return {4, tonumber(d.p), d.state, '', ''}
end

local letter = ''
local passed = ''
if verdict == 'discard' or verdict == 'supersede' then
    move(d, verdict == 'discard' and 'discarded' or 'suppressed', 0, 'reason', reason)
    passed = arrange(d)
    letter = verdict == 'discard' and 'x' or 's'
elseif verdict == 'escalate' then
    redis.call('HSET', 'hg:d:' .. d.id, 'escalated', '1')
    redis.call('SADD', 'hg:escalated', d.id)
    letter = 'h'
else
    if verdict == 'arrived' then
        redis.call('HSET', 'hg:d:' .. d.id, 'progress', progress)
    end
    if asked then
        redis.call('HSET', 'hg:d:' .. d.id, 'ok:' .. d.rule, d.content .. note)
    else
        d.maybe = verdict == 'arrived' and maybe == '1'
        if verdict ~= 'approve' then
            put_back_by(known, who)
        end
    end
    to_work(d)
    letter = 'w'
end
local ended = settle(known)
tell_history(d, letter, ended, frame)
write_counts()
return {0, tonumber(d.p), d.state, passed, ended}
