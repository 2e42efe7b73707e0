#!lua flags=allow-oom
-- An entry that a person adds to a vocabulary, or takes back; a later word replaces an earlier one. Anybody's.
-- ARGV: vocabulary word about('': taken back). Answer: {how many changes there have been, this one included; what was
-- stored before, or ''}
--include common

local vocabulary, word, about = ARGV[1] or '', ARGV[2] or '', ARGV[3] or ''
if #ARGV ~= 3 or vocabulary == '' or word == '' or string.find(vocabulary, '\0', 1, true) then
    refuse('BADARG entry')
end
need('hg:entries', 'hash')
whole(read('string', 'GET', 'hg:changes'), 'hg:changes')
local field = vocabulary .. '\0' .. word
local before = redis.call('HGET', 'hg:entries', field) or ''

local changes = redis.call('INCR', 'hg:changes')
if about == '' then
    redis.call('HDEL', 'hg:entries', field)
else
    redis.call('HSET', 'hg:entries', field, text(changes) .. ' ' .. about)
end
return {changes, before}
