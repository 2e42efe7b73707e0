#!lua flags=allow-oom
-- A letter back to work: never lost, never twice (compare-and-set on its round). Anybody's.
-- ARGV: event(16) round frame envelope ('' unless the body is in history)
-- Answer: {0 readmitted | 1 gone | 2 changed | 3 body in history, new seq, p}
--include common

local event, seen = bytes(ARGV[1], 16, 'event'), argument(ARGV[2], 'round')
local frame, envelope = ARGV[3], ARGV[4]
if #ARGV ~= 4 then
    refuse('BADARG count')
end

local record, letter, body = 'hg:e:' .. event, 'hg:l:' .. event, 'hg:b:' .. event
local known = read('hash', 'HMGET', record, 'p', 'round', 'seq')
local dead_as = read('hash', 'HMGET', letter, 'round', 'cause')
local has_body = need(body, 'string')
if not dead_as[1] then
    return {1, 0, 0}
end
if not known[1] or not known[3] or not dead_as[2] then
    refuse('BADVALUE ' .. shown(record))
end

local p = partition(known[1])
local round = whole(dead_as[1], letter .. ' round')
local origin = text(whole(known[3], record .. ' seq'))
whole(known[2], record .. ' round')
local inbox, open, dead, causes = 'hg:in:' .. p, 'hg:open:' .. p, 'hg:dead:' .. p, 'hg:causes:' .. p
local history = 'hg:hist:' .. p
need(inbox, 'stream')
need(history, 'stream')
whole(read('string', 'GET', 'hg:seq'), 'hg:seq')
local in_open = read('hash', 'HEXISTS', open, event)
local in_dead = read('zset', 'ZSCORE', dead, event)
local alike = whole(read('hash', 'HGET', causes, dead_as[2]), causes)
if round ~= seen then
    return {2, 0, tonumber(p)}
end
if in_open == 0 or not in_dead then
    refuse('BADSTATE letter is not in open and dead')
end
if not has_body and envelope == '' then
    return {3, 0, tonumber(p)}
end

-- Only XADD can still refuse (a stream ahead of hg:seq): it comes first, and a seq may go unused.
local seq = redis.call('INCR', 'hg:seq')
local added = redis.pcall('XADD', inbox, text(seq) .. '-0', 'e', event, 'o', origin)
if type(added) == 'table' and added.err then
    return added
end
redis.call('HDEL', open, event)
redis.call('ZREM', dead, event)
if alike <= 1 then
    redis.call('HDEL', causes, dead_as[2])
else
    redis.call('HINCRBY', causes, dead_as[2], '-1')
end
redis.call('UNLINK', letter)
redis.call('HSET', record, 'round', text(round + 1), 'body', 'redis')
if not has_body then
    redis.call('SET', body, envelope)
end
redis.call('XADD', history, '*', 'e', event, 's', 'r', 'r', text(round + 1), 'f', frame)
return {0, seq, tonumber(p)}
