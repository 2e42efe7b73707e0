#!lua flags=allow-oom
-- Deliveries go on the wire: ready or due -> busy until a deadline, counted before the first byte is sent. Fenced.
-- ARGV: token(16), then per delivery: p D(32) attempts(as known) deadline(ms)
-- Answer per delivery: {0 taken | 1 gone | 2 paused | 3 fenced, attempts now}. Whoever takes again what it has taken
-- (the answer was lost) hears the same.
--include common
--include delivery

local token = bytes(ARGV[1], 16, 'token')
local count = (#ARGV - 1) / 4
if count < 1 or count > 128 or count ~= math.floor(count) then
    refuse('BADARG items')
end

local ours = {}
local items = {}
for i = 1, count do
    local at = 4 * i - 2
    local item = {p = partition(ARGV[at]), id = bytes(ARGV[at + 1], 32, 'delivery'),
                  attempts = argument(ARGV[at + 2], 'attempts'), deadline = argument(ARGV[at + 3], 'deadline')}
    if ours[item.p] == nil then
        ours[item.p] = owns(item.p, token)
        if ours[item.p] then
            share(item.p)
        end
    end
    if not ours[item.p] then
        item.answer = 3
    else
        local d = delivery(item.id)
        if d and d.p == item.p then
            item.paused = read('hash', 'HEXISTS', 'hg:paused', 'system:' .. d.system) == 1
            item.d = d
        else
            item.answer = 1
        end
    end
    items[i] = item
end

local answers = {}
for i, item in ipairs(items) do
    local d = item.d
    if d and d.state == 'busy' and d.attempts == item.attempts + 1 then
        item.answer = 0
    elseif d and (d.attempts ~= item.attempts or d.state ~= 'ready' and d.state ~= 'due') then
        item.answer = 1
    elseif d and item.paused then
        item.answer = 2
    elseif d then
        d.attempts = d.attempts + 1
        move(d, 'busy', item.deadline)
        item.answer = 0
    end
    answers[2 * i - 1], answers[2 * i] = item.answer, d and d.attempts or 0
end
return answers
