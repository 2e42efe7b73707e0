#!lua flags=allow-oom
-- After history's commit of their bodies: those of events that wait leave Redis. Fenced.
-- ARGV: token(16), then per event: p event(16). Answer per event: 0 spilled (or was before), 1 not open: its body
--   stays, 3 fenced
--include common

local token = bytes(ARGV[1], 16, 'token')
local count = (#ARGV - 1) / 2
if count < 1 or count > 128 or count ~= math.floor(count) then
    refuse('BADARG items')
end

local ours = {}
local answers = {}
for i = 1, count do
    local p, event = partition(ARGV[2 * i]), bytes(ARGV[2 * i + 1], 16, 'event')
    if ours[p] == nil then
        ours[p] = owns(p, token)
    end
    if not ours[p] then
        answers[i] = 3
    else
        need('hg:b:' .. event, 'string')
        -- History may still have what it was before it was edited.
        local edited = read('hash', 'HEXISTS', 'hg:e:' .. event, 'edits') == 1
        answers[i] = read('hash', 'HEXISTS', 'hg:open:' .. p, event) == 1 and not edited and 0 or 1
    end
end

for i, answer in ipairs(answers) do
    if answer == 0 then
        local event = ARGV[2 * i + 1]
        redis.call('HSET', 'hg:e:' .. event, 'body', 'history')
        redis.call('UNLINK', 'hg:b:' .. event)
    end
end
return answers
