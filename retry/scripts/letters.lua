#!lua flags=no-writes,allow-oom
-- Letters for people. A letter is an event(16) or a delivery(32).
-- ARGV: show letter, or: of event(16)…, or: list p after(letter or '') at(ms of after) count
-- Answer: letter, p, at(ms), origin seq, fields of l each
--include common
--include dead

local answer = {}
local function tell(letter, p, at)
    local record = read('hash', 'HMGET', 'hg:e:' .. string.sub(letter, 1, 16), 'seq')
    local fields = read('hash', 'HGETALL', 'hg:l:' .. letter)
    local n = #answer
    answer[n + 1], answer[n + 2], answer[n + 3], answer[n + 4], answer[n + 5] = letter, p, at, record[1] or '0', fields
end

if ARGV[1] == 'show' then
    local letter = bytes(ARGV[2], #(ARGV[2] or '') == 32 and 32 or 16, 'letter')
    local p = read('hash', 'HGET', 'hg:e:' .. string.sub(letter, 1, 16), 'p')
    local at = p and read('zset', 'ZSCORE', 'hg:dead:' .. partition(p), letter)
    if at then
        tell(letter, p, at)
    end
    return answer
end

if ARGV[1] == 'of' then
    if #ARGV > 129 then
        refuse('BADARG events')
    end
    for i = 2, #ARGV do
        local event = bytes(ARGV[i], 16, 'event')
        local known = read('hash', 'HMGET', 'hg:e:' .. event, 'p', 'd')
        local dead = known[1] and 'hg:dead:' .. partition(known[1])
        local halves = known[2] or ''
        for n = -15, dead and #halves or -16, 16 do
            local letter = n < 0 and event or event .. string.sub(halves, n, n + 15)
            local at = read('zset', 'ZSCORE', dead, letter)
            if at then
                tell(letter, known[1], at)
            end
        end
    end
    return answer
end

local p, after, at = partition(ARGV[2]), ARGV[3], argument(ARGV[4], 'at')
local count = argument(ARGV[5], 'count')
local page = letters_behind(p, after, at, count)
for i = 1, #page, 2 do
    tell(page[i], p, page[i + 1])
end
return answer
