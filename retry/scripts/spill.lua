#!lua flags=allow-oom
-- After history's commit of their bodies: those leave Redis that are not needed there. Fenced. The body stays of an event
-- that is not open, whose rest is not `what`, or that was edited: history may still have what it was before.
-- ARGV: token(16) what: waiting | letters(nothing of it but letters), then per event: p event(16)
-- Answer: how many bytes went
--include common
--include rest

local token, what = bytes(ARGV[1], 16, 'token'), ARGV[2]
local count = (#ARGV - 2) / 2
if count < 1 or count > 128 or count ~= math.floor(count) or what ~= 'waiting' and what ~= 'letters' then
    refuse('BADARG items')
end

local ours = {}
local going = {}
local sizes = {}
for i = 1, count do
    local p, event = partition(ARGV[2 * i + 1]), bytes(ARGV[2 * i + 2], 16, 'event')
    if not ours[p] then
        if not owns(p, token) then
            refuse('FENCED ' .. shown('hg:P:' .. p))
        end
        need('hg:rest:' .. p, 'set')
        ours[p] = true
    end
    look_at_body(p, event)
    local rests = redis.call('SISMEMBER', 'hg:rest:' .. p, event) == 1
    if read('hash', 'HEXISTS', 'hg:open:' .. p, event) == 1 and rests == (what == 'letters') and
       redis.call('HEXISTS', 'hg:e:' .. event, 'edits') == 0 then
        going[event] = p
        sizes[event] = redis.call('STRLEN', 'hg:b:' .. event)
    end
end

local gone = 0
for event, p in pairs(going) do
    redis.call('HSET', 'hg:e:' .. event, 'body', 'history')
    redis.call('UNLINK', 'hg:b:' .. event)
    count_body(p, event, 0)
    gone = gone + sizes[event]
end
return gone
