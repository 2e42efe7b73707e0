#!lua flags=no-writes,allow-oom
-- What has waited too long, of one partition, the longest overdue first: what is parked, or what a rule holds and nobody
-- has been called for yet. A page.
-- ARGV: p park|hold now(ms) count offset
-- Answer: the next deadline of the others (ms; '' none), how many were looked at, then D, score, fields of d each
--include common

local p, set, now = partition(ARGV[1]), ARGV[2], argument(ARGV[3], 'now')
local count, offset = argument(ARGV[4], 'count'), argument(ARGV[5], 'offset')
if #ARGV ~= 5 or set ~= 'park' and set ~= 'hold' or count < 1 or count > 128 then
    refuse('BADARG overdue')
end
local key = 'hg:' .. set .. ':' .. p
local page = read('zset', 'ZRANGE', key, '-inf', text(now), 'BYSCORE', 'LIMIT', text(offset), text(count), 'WITHSCORES')
local later = redis.call('ZRANGE', key, '(' .. text(now), '+inf', 'BYSCORE', 'LIMIT', '0', '1', 'WITHSCORES')

-- What is held for another reason waits for a person, however long that takes.
local function asks(id)
    local held = read('hash', 'HMGET', 'hg:d:' .. id, 'rule', 'escalated')
    return held[1] and held[2] ~= '1'
end

local answer = {later[2] or '', #page / 2}
for i = 1, #page, 2 do
    if set == 'park' or asks(page[i]) then
        local n = #answer
        answer[n + 1], answer[n + 2] = page[i], page[i + 1]
        answer[n + 3] = told(page[i])
    end
end
return answer
