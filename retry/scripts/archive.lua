#!lua flags=allow-oom
-- After history's commit: the frames up to `upto` go, and the bodies and records of what is finished. Fenced.
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
for _, frame in ipairs(frames) do
    local event, state = field(frame[2], 'e'), field(frame[2], 's')
    if not event or not state then
        refuse('BADVALUE ' .. shown(history .. ' ' .. frame[1]))
    end
    -- A letter keeps its body for replay; what is in open is not finished, whatever a frame says.
    if (state == 'a' or state == 's') and redis.call('HEXISTS', open, event) == 0 then
        need('hg:b:' .. event, 'string')
        need('hg:e:' .. event, 'hash')
        finished[#finished + 1] = 'hg:b:' .. event
        finished[#finished + 1] = 'hg:e:' .. event
    end
end

local ids = {}
for i, frame in ipairs(frames) do
    ids[i] = frame[1]
end
redis.call('XDEL', history, unpack(ids))
if #finished > 0 then
    redis.call('UNLINK', unpack(finished))
end
return #frames
