#!lua flags=no-writes,allow-oom
-- Counters and cardinalities of one partition at one instant. ARGV: p
-- Answer:
--   accepted applied suppressed discarded d_created d_applied d_suppressed d_discarded hw in open dead hist causes
--   resting(events of open with nothing but letters) d_dead d_again ready due busy lane park hold kept(bodies of those
--   that rest and are in Redis) kept_bytes
--include common

local p = partition(ARGV[1])
local key = 'hg:P:' .. p
local fields = {'accepted', 'applied', 'suppressed', 'discarded', 'd_created', 'd_applied', 'd_suppressed',
                'd_discarded', 'hw', 'd_dead', 'd_again', 'kept', 'kept_bytes'}
local answer = {}
for i, value in ipairs(read('hash', 'HMGET', key, unpack(fields))) do
    answer[i] = whole(value, key .. ' ' .. fields[i])
end
local kept_bytes, kept = table.remove(answer), table.remove(answer)
local again, dead = table.remove(answer), table.remove(answer)
local function add(value)
    answer[#answer + 1] = value
end

add(read('stream', 'XLEN', 'hg:in:' .. p))
add(read('hash', 'HLEN', 'hg:open:' .. p))
add(read('zset', 'ZCARD', 'hg:dead:' .. p))
add(read('stream', 'XLEN', 'hg:hist:' .. p))
local letters = 0
for _, n in ipairs(read('hash', 'HVALS', 'hg:causes:' .. p)) do
    letters = letters + whole(n, 'hg:causes:' .. p)
end
add(letters)
add(read('set', 'SCARD', 'hg:rest:' .. p))
add(dead)
add(again)
local systems = read('set', 'SMEMBERS', 'hg:sys:' .. p)
for _, state in ipairs({'ready', 'due', 'busy'}) do
    local n = 0
    for _, system in ipairs(systems) do
        n = n + read('zset', 'ZCARD', 'hg:' .. state .. ':' .. p .. ':' .. system)
    end
    add(n)
end
for _, state in ipairs({'lane', 'park', 'hold'}) do
    add(read('zset', 'ZCARD', 'hg:' .. state .. ':' .. p))
end
add(kept)
add(kept_bytes)
return answer
