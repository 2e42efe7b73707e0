#!lua flags=allow-oom
-- What a person changed of a letter's document: kept in its event's envelope, beside the body that arrived. A
-- compare-and-set on the letter's round and on how often it was edited. Anybody's.
-- ARGV: event(16) or delivery(32) round(seen) edits(how many were seen) edits(how many there are then) envelope frame
--   who
-- Answer: {0 edited | 1 gone | 2 changed, p}
--include common
--include delivery

local id, seen = ARGV[1] or '', argument(ARGV[2], 'round')
local before, after = argument(ARGV[3], 'edits'), argument(ARGV[4], 'edits')
local envelope, frame, who = ARGV[5], ARGV[6], a_name(ARGV[7])
if #ARGV ~= 7 or #id ~= 16 and #id ~= 32 then
    refuse('BADARG letter')
end

local event = string.sub(id, 1, 16)
local known = record(event)
local edits = read('hash', 'HGET', 'hg:e:' .. event, 'edits')
local round = read('hash', 'HGET', 'hg:l:' .. id, 'round')
if not known or not round then
    return {1, 0}
end
local p = known.p
if whole(round, 'hg:l round') ~= seen or whole(edits, 'hg:e edits') ~= before then
    return {2, tonumber(p)}
end
share(p)
local rests = read('set', 'SISMEMBER', 'hg:rest:' .. p, event) == 1
redis.call('SET', 'hg:b:' .. event, envelope)
redis.call('HSET', 'hg:e:' .. event, 'edits', text(after), 'body', 'redis')
if rests then
    count_body(p, event, #envelope)
end
put_back_by(known, who)
redis.call('XADD', 'hg:hist:' .. p, '*', 'e', event, 's', rests and 'd' or 'w', 'r', text(known.round), 'f', frame)
return {0, tonumber(p)}
