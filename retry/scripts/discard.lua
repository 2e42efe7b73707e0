#!lua flags=allow-oom
-- An event's letter that nobody needs, by a person's word: compare-and-set on its round. Anybody's. Deliveries of it
-- that were readmitted and wait for the event go with it; others stay where they are. A delivery's letter: `decide`.
-- ARGV: event(16) round(seen) frame
-- Answer: {0 done | 1 gone | 2 changed, p, how the event ended ('' | a | s | x), what is ready now (p D each)}
--include common
--include delivery

local event, seen, frame = bytes(ARGV[1], 16, 'event'), argument(ARGV[2], 'round'), ARGV[3]
if #ARGV ~= 3 then
    refuse('BADARG count')
end

local known = record(event)
local letter = 'hg:l:' .. event
local dead_as = read('hash', 'HMGET', letter, 'round', 'cause', 'word')
if not dead_as[1] then
    return {1, 0, '', ''}
end
if not known or not dead_as[2] then
    refuse('BADVALUE ' .. shown('hg:e:' .. event))
end
local p = known.p
share(p)
expect_cause(p, dead_as[2])
expect_word(event, dead_as[3])
if whole(dead_as[1], letter .. ' round') ~= seen then
    return {2, tonumber(p), '', ''}
end
if redis.call('HEXISTS', 'hg:open:' .. p, event) == 0 or not redis.call('ZSCORE', 'hg:dead:' .. p, event) then
    refuse('BADSTATE letter is not in open and dead')
end
local waiting = {}
for i = 1, #known.d, 16 do
    local d = delivery(event .. string.sub(known.d, i, i + 15))
    if d and d.state == 'again' then
        look_behind(d.lane)
        waiting[#waiting + 1] = d
    end
end

drop_letter(p, event, dead_as[2], dead_as[3])
local ready = ''
for _, d in ipairs(waiting) do
    move(d, 'discarded', 0, 'reason', 'discarded')
    ready = ready .. arrange(d)
end
known.discarded = known.discarded + 1
local ended = settle(known)
local state = ended ~= '' and ended or redis.call('SISMEMBER', 'hg:rest:' .. p, event) == 1 and 'd' or 'w'
redis.call('XADD', 'hg:hist:' .. p, '*', 'e', event, 's', state, 'r', text(known.round), 'f', frame)
write_counts()
return {0, tonumber(p), ended, ready}
