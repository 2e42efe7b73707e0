#!lua flags=allow-oom
-- What a person changed of a letter's document: kept in its event's envelope, beside the body that arrived. A
-- compare-and-set on the letter's round and on how often it was edited. Anybody's.
-- ARGV: event(16) or delivery(32) round(seen) edits(how many were seen) edits(how many there are then) envelope frame
-- Answer: {0 edited | 1 gone | 2 changed, p}
--include common

local id, seen = ARGV[1] or '', argument(ARGV[2], 'round')
local before, after = argument(ARGV[3], 'edits'), argument(ARGV[4], 'edits')
local envelope, frame = ARGV[5], ARGV[6]
if #ARGV ~= 6 or #id ~= 16 and #id ~= 32 then
    refuse('BADARG letter')
end

local event = string.sub(id, 1, 16)
local known = read('hash', 'HMGET', 'hg:e:' .. event, 'p', 'edits', 'round')
local round = read('hash', 'HGET', 'hg:l:' .. id, 'round')
need('hg:b:' .. event, 'string')
if not known[1] or not round then
    return {1, 0}
end
local p = partition(known[1])
need('hg:hist:' .. p, 'stream')
if whole(round, 'hg:l round') ~= seen or whole(known[2], 'hg:e edits') ~= before then
    return {2, tonumber(p)}
end
local rests = read('set', 'SISMEMBER', 'hg:rest:' .. p, event) == 1
redis.call('SET', 'hg:b:' .. event, envelope)
redis.call('HSET', 'hg:e:' .. event, 'edits', text(after), 'body', 'redis')
redis.call('XADD', 'hg:hist:' .. p, '*', 'e', event, 's', rests and 'd' or 'w', 'r', text(whole(known[3], 'round')), 'f',
           frame)
return {0, tonumber(p)}
