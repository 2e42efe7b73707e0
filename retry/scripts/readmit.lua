#!lua flags=allow-oom
-- A letter back to work, its event into the backlog: never lost, never twice (compare-and-set on its round). Anybody's.
-- Of a dead delivery the event's others stay where they are; the place of a dead one in a sequence stays taken.
-- ARGV: event(16) or delivery(32) round frame envelope ('' unless the body is in history) who('' nobody)
--   terms(of the event or this delivery; '' as they are; opaque) made('' by today's mapping; opaque)
--   and for a job: job(8) at(the letter's place in its list) again(1: with answer 4 it comes once more, at the end)
-- Answer: {0 readmitted | 1 gone | 2 changed | 3 body in history | 4 its event is back at work or a letter itself: that
--   first | 5 the job does not run, or is elsewhere in its list, new seq, p}
-- A job goes on to its next letter with each answer but 3 and 5, in the same step.
--include common
--include delivery

local id, seen = ARGV[1] or '', argument(ARGV[2], 'round')
local frame, envelope, who = ARGV[3], ARGV[4], a_name(ARGV[5])
local terms, made = ARGV[6], ARGV[7]
local job, again = ARGV[8] and bytes(ARGV[8], 8, 'job'), ARGV[10] == '1'
if #ARGV ~= 7 and #ARGV ~= 10 or #id ~= 16 and #id ~= 32 then
    refuse('BADARG letter')
end

local item = ''
if job then
    local at = argument(ARGV[9], 'at')
    local is = read('hash', 'HMGET', 'hg:job:' .. job, 'state', 'at')
    if is[1] ~= 'running' or whole(is[2], 'hg:job at') ~= at then
        return {5, 0, 0}
    end
    item = read('list', 'LINDEX', 'hg:jl:' .. job, text(at)) or ''
    if string.sub(item, 6) ~= id then
        return {5, 0, 0}
    end
end
local function tell_job(answer)
    if not job then
        return
    end
    redis.call('HINCRBY', 'hg:job:' .. job, 'at', '1')
    if answer == 'left' and again and string.byte(item) < 255 then
        redis.call('RPUSH', 'hg:jl:' .. job, string.char(string.byte(item) + 1) .. string.sub(item, 2))
        answer = 'postponed'
    end
    redis.call('HINCRBY', 'hg:job:' .. job, answer, '1')
end

local event, of_delivery = string.sub(id, 1, 16), #id == 32
local known = record(event)
local letter, body = 'hg:l:' .. id, 'hg:b:' .. event
local dead_as = read('hash', 'HMGET', letter, 'round', 'cause', 'word')
local has_body = need(body, 'string')
if not dead_as[1] then
    tell_job('gone')
    return {1, 0, 0}
end
local d = of_delivery and delivery(id)
if not known or not dead_as[2] or of_delivery and not d then
    refuse('BADVALUE ' .. shown('hg:e:' .. event))
end

local p = known.p
local round = whole(dead_as[1], letter .. ' round')
local inbox, open, dead = 'hg:in:' .. p, 'hg:open:' .. p, 'hg:dead:' .. p
need(inbox, 'stream')
share(p)
whole(read('string', 'GET', 'hg:seq'), 'hg:seq')
expect_cause(p, dead_as[2])
expect_word(id, dead_as[3])
if round ~= seen then
    tell_job('changed')
    return {2, 0, tonumber(p)}
end
local in_open = redis.call('HEXISTS', open, event) == 1
if of_delivery and (not in_open or redis.call('EXISTS', 'hg:l:' .. event) == 1) then
    tell_job('left')
    return {4, 0, tonumber(p)}
end
if not in_open or not redis.call('ZSCORE', dead, id) or d and d.state ~= 'dead' then
    refuse('BADSTATE letter is not in open and dead')
end
if not has_body and envelope == '' then
    return {3, 0, tonumber(p)}
end

-- Only XADD can still refuse (a stream ahead of hg:seq): it comes first, and a seq may go unused.
local seq = redis.call('INCR', 'hg:seq')
local added = redis.pcall('XADD', inbox, text(seq) .. '-0', 'e', event, 'o', text(known.seq))
if type(added) == 'table' and added.err then
    return added
end
tell_job('replayed')
redis.call('HDEL', open, event)
rests_no_more(p, event)
redis.call('HSET', 'hg:e:' .. event, 'round', text(known.round + 1), 'body', 'redis')
if terms ~= '' then
    redis.call('HSET', d and 'hg:d:' .. id or 'hg:e:' .. event, 'terms', terms)
end
if made ~= '' then
    redis.call('HSET', 'hg:e:' .. event, 'made', made)
else
    redis.call('HDEL', 'hg:e:' .. event, 'made')
end
if d then
    move(d, 'again', 0)
    settle(known)
    write_counts()
else
    drop_letter(p, event, dead_as[2], dead_as[3])
end
put_back_by(known, who)
if not has_body then
    redis.call('SET', body, envelope)
end
redis.call('XADD', 'hg:hist:' .. p, '*', 'e', event, 's', 'r', 'r', text(known.round + 1), 'f', frame)
return {0, seq, tonumber(p)}
