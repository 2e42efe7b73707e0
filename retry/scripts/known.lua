#!lua flags=no-writes,allow-oom
-- What is known of an event that comes again after a replay.
-- ARGV: event(16). Answer: round, maybe('1': some of it may have been sent before it became a letter), terms and made
--   (see readmit), then half(16), state, attempts, maybe, terms of each of its deliveries
--include common

local event = bytes(ARGV[1], 16, 'event')
if #ARGV ~= 1 then
    refuse('BADARG known')
end
local v = read('hash', 'HMGET', 'hg:e:' .. event, 'round', 'maybe', 'd', 'terms', 'made')
local answer = {whole(v[1], 'hg:e:' .. event .. ' round'), v[2] or '0', v[4] or '', v[5] or ''}
local halves = v[3] or ''
for i = 1, #halves, 16 do
    local half = string.sub(halves, i, i + 15)
    local d = read('hash', 'HMGET', 'hg:d:' .. event .. half, 'state', 'attempts', 'maybe', 'terms')
    if #half ~= 16 or not d[1] then
        refuse('BADVALUE ' .. shown('hg:e:' .. event) .. ' d')
    end
    local n = #answer
    answer[n + 1], answer[n + 2] = half, d[1]
    answer[n + 3], answer[n + 4] = whole(d[2], 'hg:d:' .. event .. half .. ' attempts'), d[3] or '0'
    answer[n + 5] = d[4] or ''
end
return answer
