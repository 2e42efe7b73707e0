#!lua flags=no-writes,allow-oom
-- What waits in lanes behind who has them.
-- ARGV: most(names of each) then lane(16) each. Answer per lane: how many, D of the oldest one after the other
--include common

local most = argument(ARGV[1], 'most')
if #ARGV < 2 or #ARGV > 129 or most > 128 then
    refuse('BADARG behind')
end
local answer = {}
for i = 2, #ARGV do
    local lane = bytes(ARGV[i], 16, 'lane')
    local first, last = '[' .. lane, '[' .. lane .. string.rep('\255', 43)
    local marks = string.sub(read('string', 'GET', 'hg:blk:' .. lane) or '', 33)
    local n, members = 0, {}
    for j = 1, #marks do
        local key = 'hg:lane:' .. text(string.byte(marks, j))
        n = n + read('zset', 'ZLEXCOUNT', key, first, last)
        for _, member in ipairs(redis.call('ZRANGEBYLEX', key, first, last, 'LIMIT', '0', text(most))) do
            members[#members + 1] = {seq = struct.unpack('>I8', member, 17), n = struct.unpack('>I2', member, 25),
                                     id = string.sub(member, 27)}
        end
    end
    table.sort(members, function(a, b) return a.seq < b.seq or a.seq == b.seq and a.n < b.n end)
    local names = {}
    for j = 1, math.min(most, #members) do
        names[j] = members[j].id
    end
    answer[#answer + 1] = n
    answer[#answer + 1] = table.concat(names)
end
return answer
