#!lua
-- An event that has ended comes back from history into the backlog, to be worked on once more on terms of its own.
-- Anybody's. Refused at maxmemory before the first write, as `accept` is: it takes work in.
-- ARGV: event(16) p origin_seq round(the new one) frame envelope who('' nobody) terms(opaque)
--   job(8) at(its place in the job's list) was(applied | suppressed | discarded: how it ended)
-- Answer: {0 reopened | 1 it has not ended, or history has only just heard of it | 5 the job does not run, or is
--   elsewhere in its list, new seq}
-- It has not ended any more, so it is no longer counted as what it was; one that this Redis has not counted is accepted
-- here, so that what is accepted and what has ended stay in balance. A job goes on to its next with each answer but 5, in
-- the same step.
--include common
--include delivery

local event, p, origin = bytes(ARGV[1], 16, 'event'), partition(ARGV[2]), argument(ARGV[3], 'origin')
local round, frame, envelope = argument(ARGV[4], 'round'), ARGV[5], ARGV[6]
local who, terms = a_name(ARGV[7]), ARGV[8]
local job, at = bytes(ARGV[9], 8, 'job'), argument(ARGV[10], 'at')
local was = ARGV[11]
if #ARGV ~= 11 or envelope == '' or terms == '' or
   not (was == 'applied' or was == 'suppressed' or was == 'discarded') then
    refuse('BADARG reopen')
end

local is = read('hash', 'HMGET', 'hg:job:' .. job, 'state', 'at')
if is[1] ~= 'running' or whole(is[2], 'hg:job at') ~= at or
   string.sub(read('list', 'LINDEX', 'hg:jl:' .. job, text(at)) or '', 6) ~= event then
    return {5, 0}
end
local function tell_job(answer)
    redis.call('HINCRBY', 'hg:job:' .. job, 'at', '1')
    redis.call('HINCRBY', 'hg:job:' .. job, answer, '1')
end

local inbox, body, record = 'hg:in:' .. p, 'hg:b:' .. event, 'hg:e:' .. event
need(inbox, 'stream')
share(p)
local accepted = whole(read('hash', 'HGET', 'hg:P:' .. p, 'accepted'), 'hg:P:' .. p .. ' accepted')
local ended = whole(read('hash', 'HGET', 'hg:P:' .. p, was), 'hg:P:' .. p .. ' ' .. was)
whole(read('string', 'GET', 'hg:seq'), 'hg:seq')
-- An event at work and a letter have their record or their body here; so has one whose end is on its way to history.
if need(body, 'string') or need(record, 'hash') or read('hash', 'HEXISTS', 'hg:open:' .. p, event) == 1 then
    tell_job('left')
    return {1, 0}
end

-- Only XADD can still refuse (a stream ahead of hg:seq): it comes first, and a seq may go unused.
local seq = redis.call('INCR', 'hg:seq')
local added = redis.pcall('XADD', inbox, text(seq) .. '-0', 'e', event, 'o', text(origin))
if type(added) == 'table' and added.err then
    return added
end
tell_job('replayed')
redis.call('SET', body, envelope)
redis.call('HSET', record, 'p', p, 'seq', text(origin), 'round', text(round), 'body', 'redis', 'terms', terms)
if who ~= '' then
    redis.call('HSET', record, 'by', who)
end
if ended > 0 then
    redis.call('HSET', 'hg:P:' .. p, was, text(ended - 1))
else
    redis.call('HSET', 'hg:P:' .. p, 'accepted', text(accepted + 1))
end
redis.call('XADD', 'hg:hist:' .. p, '*', 'e', event, 's', 'r', 'r', text(round), 'f', frame)
return {0, seq}
