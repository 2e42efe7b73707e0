#!lua flags=no-writes,allow-oom
-- What may go to a system, of one partition: half of it what is due, the longest due first, and half what is ready, in
-- the order of arrival; what one half leaves over is the other's. A page of what `waiting` tells in no order.
-- ARGV: p system now(ms) count
-- Answer: how many are ready, how many due by now, when the next is due (ms; '' never), then state, D, score, fields of
--   d each
--include common

local p, system, now, count = partition(ARGV[1]), ARGV[2], argument(ARGV[3], 'now'), argument(ARGV[4], 'count')
if #ARGV ~= 4 or system == '' or count < 1 or count > 256 then
    refuse('BADARG next')
end

local ready, due = 'hg:ready:' .. p .. ':' .. system, 'hg:due:' .. p .. ':' .. system
local n_ready = read('zset', 'ZCARD', ready)
local n_due = read('zset', 'ZCOUNT', due, '-inf', text(now))
local later = redis.call('ZRANGE', due, '(' .. text(now), '+inf', 'BYSCORE', 'LIMIT', '0', '1', 'WITHSCORES')
local answer = {n_ready, n_due, later[2] or ''}

local half = math.ceil(count / 2)
local take_due = math.min(n_due, math.max(half, count - n_ready))
local take_ready = math.min(n_ready, count - take_due)
local function tell(state, page)
    for i = 1, #page, 2 do
        local n = #answer
        answer[n + 1], answer[n + 2], answer[n + 3] = state, page[i], page[i + 1]
        answer[n + 4] = told(page[i])
    end
end
if take_due > 0 then
    tell('due', redis.call('ZRANGE', due, '-inf', text(now), 'BYSCORE', 'LIMIT', '0', text(take_due), 'WITHSCORES'))
end
if take_ready > 0 then
    tell('ready', redis.call('ZRANGE', ready, '0', text(take_ready - 1), 'WITHSCORES'))
end
return answer
