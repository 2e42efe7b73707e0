#!lua flags=allow-oom
-- What became of deliveries, many a call. Fenced. A compare-and-set on the state and the attempts they were taken with:
-- a late answer of an older attempt, and one that is told again, change nothing.
-- ARGV: token(16), then per delivery: p D(32) attempts busy|ready|due|park|hold frame, and how it stands (see telling):
--   applied | suppressed | retry | throttled | park | hold | unknown | dead
--   `at` is the next try, the deadline of what is parked, or when a person should have decided what is held
-- One that was parked and let others by, and would now have the lane that another has, waits in it instead.
-- Answer per delivery: 0 done | 1 late or unknown | 3 fenced, which of its lane is ready now (p D or ''), the state it
--   has now ('' unless done), how its event ended ('' | a | s | x)
--include common
--include guards
--include delivery
--include telling

local token = bytes(ARGV[1], 16, 'token')
next_argument = 2

local froms = {busy = true, ready = true, due = true, park = true, hold = true}
-- Outcome -> state; what is not here only follows a sending.
local anywhere = {applied = 'applied', suppressed = 'suppressed', retry = 'due', park = 'park', hold = 'hold',
                  dead = 'dead'}
local after_sending = {throttled = 'due', unknown = 'due'}
local frames = {applied = 'a', suppressed = 's', ready = 'w', due = 'w', lane = 'w', dead = 'd', park = 'p', hold = 'h'}

local ours = {}
local items = {}
while next_argument <= #ARGV do
    local item = {p = partition(take_argument()), id = bytes(take_argument(), 32, 'delivery'),
                  attempts = take_number('attempts'), from = take_argument(), frame = take_argument()}
    local telling = take_telling()
    item.telling, item.outcome = telling, telling.as
    local state = anywhere[item.outcome] or item.from == 'busy' and after_sending[item.outcome]
    if not froms[item.from] or not state then
        refuse('BADARG outcome')
    end
    telling.as = state
    if item.outcome == 'unknown' then
        telling.maybe = '1'
    end

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
        if d and d.p == item.p and d.state == item.from and d.attempts == item.attempts then
            item.known = record(d.event)
            if not item.known then
                refuse('BADSTATE ' .. shown('hg:e:' .. d.event))
            end
            look_behind(d.lane)
            look_at_telling(telling, item.p)
            item.d = d
        else
            item.answer = 1
        end
    end
    items[#items + 1] = item
end
if #items < 1 or #items > 128 then
    refuse('BADARG items')
end

for _, item in ipairs(items) do
    local d = item.d
    item.passed, item.state, item.ended = '', '', ''
    -- The same delivery twice in one call: the first has it.
    if d and (d.state ~= item.from or d.attempts ~= item.attempts) then
        item.answer = 1
    elseif d then
        if item.outcome == 'throttled' then
            d.attempts = math.max(0, d.attempts - 1)
        end
        wait_for_its_turn(d, item.telling)
        write_telling(d, item.telling)
        item.passed = arrange(d)
        item.state = d.state
        item.ended = settle(item.known)
        tell_history(d, frames[item.telling.as], item.ended, item.frame)
        item.answer = 0
    end
end
write_counts()

local answers = {}
for i, item in ipairs(items) do
    local a = 4 * (i - 1)
    answers[a + 1], answers[a + 2], answers[a + 3], answers[a + 4] = item.answer, item.passed, item.state, item.ended
end
return answers
