#!lua flags=allow-oom
-- An event of the backlog becomes a letter. Fenced. Answer: 0 buried, 1 gone (nothing written): the entry of this seq
-- is not there, or is another event's now (see finish). Deliveries of it that an earlier round has placed stay where
-- they are.
-- ARGV: token(16) p seq event(16) stage class code where cause queue due(ms) config attempts excerpt frame
--   maybe(0|1: an owner before may have sent some of it) who(brought it here; '' nobody), and when it waits for an
--   entry of a vocabulary:
--   wd(16) channel what(in words)
--include common
--include rest

local token, p = bytes(ARGV[1], 16, 'token'), partition(ARGV[2])
local seq, event = argument(ARGV[3], 'seq'), bytes(ARGV[4], 16, 'event')
local stage, class, code, where, cause, queue = ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9], ARGV[10]
local due, config = argument(ARGV[11], 'due'), argument(ARGV[12], 'config')
local attempts, excerpt, frame = argument(ARGV[13], 'attempts'), ARGV[14], ARGV[15]
local maybe, who, word, channel, what = ARGV[16], a_name(ARGV[17]), ARGV[18], ARGV[19], ARGV[20]
if #ARGV ~= 17 and #ARGV ~= 20 or maybe ~= '0' and maybe ~= '1' then
    refuse('BADARG count')
end

local inbox, open, dead, causes = 'hg:in:' .. p, 'hg:open:' .. p, 'hg:dead:' .. p, 'hg:causes:' .. p
local record, letter, history = 'hg:e:' .. event, 'hg:l:' .. event, 'hg:hist:' .. p
if not owns(p, token) then
    refuse('FENCED ' .. shown('hg:P:' .. p))
end
need(inbox, 'stream')
need(open, 'hash')
need(dead, 'zset')
need(letter, 'hash')
need(history, 'stream')
whole(read('hash', 'HGET', causes, cause), causes)
need('hg:rest:' .. p, 'set')
look_at_body(p, event)
if word then
    need('hg:wd:' .. bytes(word, 16, 'wd'), 'zset')
    need('hg:words', 'hash')
end
local known = read('hash', 'HMGET', record, 'round', 'left')
local round, left = whole(known[1], record .. ' round'), whole(known[2], record .. ' left')

local found = redis.call('XRANGE', inbox, text(seq) .. '-0', text(seq) .. '-0')
if #found == 0 or field(found[1][2], 'e') ~= event then
    return 1
end
local origin = field(found[1][2], 'o')
origin = origin and text(whole(origin, inbox .. ' o')) or text(seq)
if redis.call('HEXISTS', open, event) == 1 then
    refuse('BADSTATE event is in backlog and in open')
end

local round_text = text(round)
redis.call('XDEL', inbox, text(seq) .. '-0')
redis.call('HSET', open, event, origin)
redis.call('HSET', record, 'seq', origin, 'round', round_text, 'p', p, 'body', 'redis', 'config', text(config),
           'worst', class)
if maybe == '1' then
    redis.call('HSET', record, 'maybe', '1')
end
if who ~= '' then
    redis.call('HSET', record, 'by', who)
end
if left == 0 then
    comes_to_rest(p, event)
end
redis.call('HSET', letter, 'stage', stage, 'class', class, 'code', code, 'where', where, 'cause', cause,
           'queue', queue, 'due', text(due), 'config', text(config), 'attempts', text(attempts), 'excerpt', excerpt,
           'round', round_text)
if word then
    redis.call('HSET', letter, 'word', word .. channel)
    redis.call('ZADD', 'hg:wd:' .. word, origin, event .. channel)
    redis.call('HSET', 'hg:words', word, what)
end
redis.call('ZADD', dead, text(now_ms()), event)
redis.call('HINCRBY', causes, cause, '1')
redis.call('XADD', history, '*', 'e', event, 's', 'd', 'r', round_text, 'f', frame)
return 0
