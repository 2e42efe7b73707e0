#!lua flags=no-writes,allow-oom
-- Counters and cardinalities of one partition at one instant. ARGV: p
-- Answer:
--   accepted applied suppressed discarded d_created d_applied d_suppressed d_discarded hw in open dead hist causes
--include common

local p = partition(ARGV[1])
local key = 'hg:P:' .. p
local fields = {'accepted', 'applied', 'suppressed', 'discarded', 'd_created', 'd_applied', 'd_suppressed',
                'd_discarded', 'hw'}
local answer = {}
for i, value in ipairs(read('hash', 'HMGET', key, unpack(fields))) do
    answer[i] = whole(value, key .. ' ' .. fields[i])
end
answer[#answer + 1] = read('stream', 'XLEN', 'hg:in:' .. p)
answer[#answer + 1] = read('hash', 'HLEN', 'hg:open:' .. p)
answer[#answer + 1] = read('zset', 'ZCARD', 'hg:dead:' .. p)
answer[#answer + 1] = read('stream', 'XLEN', 'hg:hist:' .. p)
local letters = 0
for _, n in ipairs(read('hash', 'HVALS', 'hg:causes:' .. p)) do
    letters = letters + whole(n, 'hg:causes:' .. p)
end
answer[#answer + 1] = letters
return answer
