#!lua flags=allow-oom
-- Channels and systems that are paused. Anybody's.
-- ARGV: channel:NAME|system:NAME why(JSON: who, why, when; '': goes on). Answer: whether it was paused before (0|1)
--include common

local name, why = ARGV[1], ARGV[2]
if #ARGV ~= 2 or not (string.find(name, '^channel:.') or string.find(name, '^system:.')) then
    refuse('BADARG name')
end
local was = read('hash', 'HEXISTS', 'hg:paused', name)
if why == '' then
    redis.call('HDEL', 'hg:paused', name)
else
    redis.call('HSET', 'hg:paused', name, why)
end
return was
