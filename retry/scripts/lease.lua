#!lua flags=allow-oom
-- Who works a partition, by Redis TIME. Answer: p and hw of each partition that was granted, renewed or released.
-- ARGV: acquire|renew|release token(16) ttl(ms) owner p...
--include common

local verb, token, owner = ARGV[1], bytes(ARGV[2], 16, 'token'), ARGV[4]
local ttl = argument(ARGV[3], 'ttl')
if verb ~= 'acquire' and verb ~= 'renew' and verb ~= 'release' then
    refuse('BADARG verb')
end
if not owner or #ARGV < 5 or #ARGV > 68 then
    refuse('BADARG partitions')
end

local now = now_ms()
local granted = {}
local answer = {}
for i = 5, #ARGV do
    local p = partition(ARGV[i])
    local key = 'hg:P:' .. p
    local held = read('hash', 'HMGET', key, 'token', 'until', 'hw')
    local free = not held[1] or whole(held[2], key .. ' until') <= now
    local high_water = whole(held[3], key .. ' hw')
    -- Nobody else had it since when the token is still there, lapsed or not.
    if held[1] == token or (verb == 'acquire' and free) then
        granted[#granted + 1] = key
        answer[#answer + 1] = tonumber(p)
        answer[#answer + 1] = high_water
    end
end

for _, key in ipairs(granted) do
    if verb == 'release' then
        redis.call('HDEL', key, 'owner', 'token', 'until')
    else
        redis.call('HSET', key, 'owner', owner, 'token', token, 'until', text(now + ttl))
    end
end
return answer
