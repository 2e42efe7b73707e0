#!lua flags=allow-oom
-- hw = the highest seq that may have been sent, moved ahead of sending; it never goes back. Fenced.
-- An `upto` beyond hg:seq (Redis lost its last second) only makes more look sent than was: it is probed, never lost.
-- ARGV: token(16), then p upto each. Answer: the partitions that were refused, nothing was written for them.
--include common

local token = bytes(ARGV[1], 16, 'token')
if #ARGV < 3 or #ARGV > 257 or #ARGV % 2 ~= 1 then
    refuse('BADARG items')
end

local marks = {}
local refused = {}
for i = 2, #ARGV, 2 do
    local p = partition(ARGV[i])
    local upto = argument(ARGV[i + 1], 'upto')
    local key = 'hg:P:' .. p
    if owns(p, token) then
        local high_water = marks[key] or whole(redis.call('HGET', key, 'hw'), key .. ' hw')
        marks[key] = math.max(high_water, upto)
    else
        refused[#refused + 1] = tonumber(p)
    end
end

for key, mark in pairs(marks) do
    redis.call('HSET', key, 'hw', text(mark))
end
return refused
