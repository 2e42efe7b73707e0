#!lua flags=allow-oom
-- What systems call things of ours; a later word replaces an earlier one. Anybody's.
-- ARGV per reference: system kind id theirs('': forgotten). Answer: how many were not known before
--include common

local count = #ARGV / 4
if count < 1 or count > 128 or count ~= math.floor(count) then
    refuse('BADARG items')
end
local keys = {}
for i = 1, count do
    local system, kind = ARGV[4 * i - 3], ARGV[4 * i - 2]
    if system == '' or kind == '' or string.find(system, '\0', 1, true) then
        refuse('BADARG reference')
    end
    keys[i] = 'hg:x:' .. system .. '\0' .. kind
    need(keys[i], 'hash')
end

local new = 0
for i, key in ipairs(keys) do
    local id, theirs = ARGV[4 * i - 1], ARGV[4 * i]
    if theirs == '' then
        redis.call('HDEL', key, id)
    else
        new = new + redis.call('HSET', key, id, theirs)
    end
end
return new
