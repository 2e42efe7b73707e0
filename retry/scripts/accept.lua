#!lua
-- Claims idempotency keys, stores bodies, enqueues. Unfenced. Refused at maxmemory before the first write.
-- ARGV per item: key(16) event(16) digest(32) p window(s) envelope
-- Answer per item: claim (0 accepted, 1 duplicate, 2 conflict), stored event, p, seq, n-th accepted of p
--include common

local stride = 6
local count = #ARGV / stride
if count < 1 or count > 128 or count ~= math.floor(count) then
    refuse('BADARG items')
end
local seq = whole(read('string', 'GET', 'hg:seq'), 'hg:seq')

local accepted = {}   -- accepted of each partition, counted on
local by_key = {}     -- what earlier items of this call claim
local by_event = {}
local writes = {}
local answers = {}

local function stored_claim(key)
    local value = read('string', 'GET', 'hg:i:' .. key)
    if not value then
        return nil
    end
    if #value ~= 65 then
        refuse('BADVALUE ' .. shown('hg:i:' .. key))
    end
    local p, s, n = struct.unpack('>BI8I8', value, 49)
    return {event = string.sub(value, 1, 16), digest = string.sub(value, 17, 48), p = p, seq = s, ordinal = n}
end

for i = 0, count - 1 do
    local at = i * stride
    local key = bytes(ARGV[at + 1], 16, 'key')
    local event = bytes(ARGV[at + 2], 16, 'event')
    local digest = bytes(ARGV[at + 3], 32, 'digest')
    local p = partition(ARGV[at + 4])
    local window = argument(ARGV[at + 5], 'window')
    if window < 1 or window > 3153600000 then
        refuse('BADARG window')
    end

    local claim = 0
    local stored = by_key[key] or stored_claim(key)
    if stored then
        if stored.event ~= event then
            claim = stored.digest == digest and 1 or 2
        end
    elseif by_event[event] or need('hg:b:' .. event, 'string') or need('hg:e:' .. event, 'hash') then
        -- This very event is here (its body may be in history) and its key's window has passed: never a second time.
        claim = 1
        stored = {event = event, p = tonumber(p), seq = 0, ordinal = 0}
    else
        if not accepted[p] then
            accepted[p] = whole(read('hash', 'HGET', 'hg:P:' .. p, 'accepted'), 'hg:P:' .. p .. ' accepted')
            need('hg:in:' .. p, 'stream')
        end
        accepted[p] = accepted[p] + 1
        stored = {event = event, digest = digest, p = tonumber(p), seq = seq + #writes + 1, ordinal = accepted[p]}
        by_key[key] = stored
        by_event[event] = true
        writes[#writes + 1] = {at = at, p = p, seq = stored.seq, ordinal = stored.ordinal}
    end
    local a = i * 5
    answers[a + 1], answers[a + 2], answers[a + 3] = claim, stored.event, stored.p
    answers[a + 4], answers[a + 5] = stored.seq, stored.ordinal
end

if #writes == 0 then
    return answers
end

-- An item is written whole or not at all: only XADD can still refuse (a stream ahead of hg:seq), and it comes first.
redis.call('INCRBY', 'hg:seq', text(#writes))
local counts = {}
local refused
for _, item in ipairs(writes) do
    local key, event, digest = ARGV[item.at + 1], ARGV[item.at + 2], ARGV[item.at + 3]
    local added = redis.pcall('XADD', 'hg:in:' .. item.p, text(item.seq) .. '-0', 'e', event)
    if type(added) == 'table' and added.err then
        refused = added
        break
    end
    redis.call('SET', 'hg:b:' .. event, ARGV[item.at + 6])
    local place = struct.pack('>BI8I8', tonumber(item.p), item.seq, item.ordinal)
    redis.call('SET', 'hg:i:' .. key, event .. digest .. place, 'EX', ARGV[item.at + 5])
    counts[item.p] = (counts[item.p] or 0) + 1
end
for p, n in pairs(counts) do
    redis.call('HINCRBY', 'hg:P:' .. p, 'accepted', text(n))
end
return refused or answers
