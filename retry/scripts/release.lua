#!lua flags=allow-oom
-- What was waited for has come: what is parked on it goes back to work, a page at a time. Anybody's.
-- ARGV: pk(16) who(a person that it is released by; '' it has come by itself). Answer: how many were released, whether
-- more wait (0|1), then p D of each that is ready now; the others wait in their lane.
--include common
--include delivery

local pk, who = bytes(ARGV[1], 16, 'pk'), a_name(ARGV[2])
if #ARGV ~= 2 then
    refuse('BADARG count')
end
local key = 'hg:pk:' .. pk
need(key, 'set')
need('hg:work', 'hash')
local parked, strangers = {}, {}
for _, id in ipairs(redis.call('SRANDMEMBER', key, '128')) do
    local d = delivery(id)
    if d and d.state == 'park' and d.pk == pk then
        parked[#parked + 1] = d
        if who ~= '' and not record(d.event) then
            refuse('BADSTATE ' .. shown('hg:e:' .. d.event))
        end
    else
        strangers[#strangers + 1] = id
    end
end
-- Several that let others of their lane by: the first that came has it.
table.sort(parked, function(a, b) return a.seq < b.seq or a.seq == b.seq and a.n < b.n end)

local answer = {#parked, 0}
for _, d in ipairs(parked) do
    if who ~= '' then
        put_back_by(records[d.event], who)
    end
    if to_work(d) then
        answer[#answer + 1] = tonumber(d.p)
        answer[#answer + 1] = d.id
    end
end
for _, id in ipairs(strangers) do
    redis.call('SREM', key, id)
end
write_counts()
answer[2] = redis.call('EXISTS', key)
if answer[2] == 0 then
    redis.call('HDEL', 'hg:work', pk)
end
return answer
