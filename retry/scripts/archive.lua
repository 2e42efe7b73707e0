#!lua flags=allow-oom
-- After history's commit: the frames up to `upto` go, and the bodies and records of what is finished: by a frame about
-- the event as a whole (a, s, x) or by one about the delivery that was its last (`end`). Fenced.
-- ARGV: token(16) p upto (stream id of a frame). Answer: how many frames went; 128 means there may be more.
-- Without frame `upto` nothing goes. It goes last, so it is missing when all is done already; or when Redis lost its
-- newest frames, and then what has an id up to it now may be another frame, which history has not got.
--include common

local token, p, upto = bytes(ARGV[1], 16, 'token'), partition(ARGV[2]), ARGV[3]
if #ARGV ~= 3 or not string.find(upto, '^%d+%-%d+$') then
    refuse('BADARG upto')
end

local history, open = 'hg:hist:' .. p, 'hg:open:' .. p
if not owns(p, token) then
    refuse('FENCED ' .. shown('hg:P:' .. p))
end
need(open, 'hash')
if #read('stream', 'XRANGE', history, upto, upto) == 0 then
    return 0
end
local frames = redis.call('XRANGE', history, '-', upto, 'COUNT', '128')

local finished = {}
local function let_go(event)
    need('hg:b:' .. event, 'string')
    local placed = read('hash', 'HGET', 'hg:e:' .. event, 'd') or ''
    finished[#finished + 1] = 'hg:b:' .. event
    finished[#finished + 1] = 'hg:e:' .. event
    for i = 1, #placed, 16 do
        local key = 'hg:d:' .. event .. string.sub(placed, i, i + 15)
        need(key, 'hash')
        finished[#finished + 1] = key
    end
end
for _, frame in ipairs(frames) do
    local event, state = field(frame[2], 'e'), field(frame[2], 's')
    if not event or not state then
        refuse('BADVALUE ' .. shown(history .. ' ' .. frame[1]))
    end
    local of_event = not field(frame[2], 'd') and (state == 'a' or state == 's' or state == 'x')
    -- A letter keeps its body for replay; what is in open is not finished, whatever a frame says.
    if (of_event or field(frame[2], 'end')) and redis.call('HEXISTS', open, event) == 0 then
        let_go(event)
    end
end

local ids = {}
for i, frame in ipairs(frames) do
    ids[i] = frame[1]
end
redis.call('XDEL', history, unpack(ids))
for i = 1, #finished, 1000 do
    redis.call('UNLINK', unpack(finished, i, math.min(i + 999, #finished)))
end
return #frames
