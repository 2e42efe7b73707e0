#!lua flags=no-writes,allow-oom
-- What is parked and was waited for too long, of one partition, the longest overdue first.
-- ARGV: p now(ms) count
-- Answer: the next deadline of the others (ms; '' none), then D, score, fields of d each
--include common

local p, now, count = partition(ARGV[1]), argument(ARGV[2], 'now'), argument(ARGV[3], 'count')
if #ARGV ~= 3 or count < 1 or count > 128 then
    refuse('BADARG overdue')
end
local key = 'hg:park:' .. p
local page = read('zset', 'ZRANGE', key, '-inf', text(now), 'BYSCORE', 'LIMIT', '0', text(count), 'WITHSCORES')
local later = redis.call('ZRANGE', key, '(' .. text(now), '+inf', 'BYSCORE', 'LIMIT', '0', '1', 'WITHSCORES')
local answer = {later[2] or ''}
for i = 1, #page, 2 do
    local n = #answer
    answer[n + 1], answer[n + 2] = page[i], page[i + 1]
    answer[n + 3] = told(page[i])
end
return answer
