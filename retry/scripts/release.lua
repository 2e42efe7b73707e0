#!lua flags=allow-oom
-- What was waited for has come: what is parked on it goes back to work, a page at a time. Anybody's.
-- ARGV: pk(16). Answer: how many were released, whether more wait (0|1), then p D of each that is ready now; the others
-- wait in their lane.
--include common
--include delivery

local pk = bytes(ARGV[1], 16, 'pk')
if #ARGV ~= 1 then
    refuse('BADARG count')
end
local key = 'hg:pk:' .. pk
need(key, 'set')
local members = redis.call('SRANDMEMBER', key, '128')
for _, id in ipairs(members) do
    if delivery(id) then
        look_behind(deliveries[id].lane)
    end
end

local answer = {0, 0}
for _, id in ipairs(members) do
    local d = deliveries[id]
    if d and d.state == 'park' and d.pk == pk then
        answer[1] = answer[1] + 1
        if to_work(d) then
            answer[#answer + 1] = tonumber(d.p)
            answer[#answer + 1] = id
        end
    else
        redis.call('SREM', key, id)
    end
end
answer[2] = redis.call('EXISTS', key)
return answer
