#!lua flags=allow-oom
-- Letters of which a later telling has been applied: nobody needs them, and they end as suppressed, `superseded`. Later
-- is what their fact's guard holds, by the guard's own rule; a compare-and-set on it. Only of types of state (`latest`)
-- and only what surely did nothing at its system: neither may it have arrived, nor has a step of it. Anybody's.
-- ARGV: frame, then D(32) each, at most 128
-- Answer: p and how its event ended ('' | a | s | x) of each letter that has ended
--include common
--include guards
--include delivery

local frame = ARGV[1]
if #ARGV < 2 or #ARGV > 129 then
    refuse('BADARG items')
end

local function telling_of(d)
    return struct.pack('>I2', #d.version) .. d.version .. struct.pack('>I8', d.seq)
end

local ending = {}
for i = 2, #ARGV do
    local d = delivery(bytes(ARGV[i], 32, 'delivery'))
    if d and d.state == 'dead' and d.order == 'latest' and d.fact and not d.maybe and not d.begun and not d.taken then
        local key = 'hg:g:' .. d.fact
        local held = read('string', 'GET', key)
        if held and not may_replace(held, telling_of(d), key) then
            if not record(d.event) then
                refuse('BADSTATE ' .. shown('hg:e:' .. d.event))
            end
            share(d.p)
            look_behind(d.lane)
            d.taken = true  -- named twice it ends once
            ending[#ending + 1] = d
        end
    end
end

local answer = {}
for _, d in ipairs(ending) do
    move(d, 'suppressed', 0, 'reason', 'superseded')
    arrange(d)
    local ended = settle(records[d.event])
    tell_history(d, 's', ended, frame)
    answer[#answer + 1], answer[#answer + 2] = tonumber(d.p), ended
end
write_counts()
return answer
