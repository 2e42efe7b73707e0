#!lua flags=no-writes,allow-oom
-- The letters that wait for an entry of a vocabulary, by their origin seq, a page at a time.
-- ARGV: wd(16) after(origin seq) count. Answer: origin seq, event, its channel and its round each
--include common

local word, after, count = bytes(ARGV[1], 16, 'wd'), argument(ARGV[2], 'after'), argument(ARGV[3], 'count')
if #ARGV ~= 3 or count < 1 or count > 128 then
    refuse('BADARG words')
end
local page = read('zset', 'ZRANGE', 'hg:wd:' .. word, '(' .. text(after), '+inf', 'BYSCORE', 'LIMIT', '0', text(count),
                  'WITHSCORES')
local answer = {}
for i = 1, #page, 2 do
    local event = string.sub(page[i], 1, 16)
    local n = #answer
    answer[n + 1], answer[n + 2], answer[n + 3] = tonumber(page[i + 1]), event, string.sub(page[i], 17)
    answer[n + 4] = whole(read('hash', 'HGET', 'hg:l:' .. event, 'round'), 'hg:l:' .. event .. ' round')
end
return answer
