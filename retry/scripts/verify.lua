#!lua flags=no-writes,allow-oom
-- One page of one partition against the invariants, while work goes on. ARGV: p in|open|dead|hist cursor count
-- Answer: next cursor ('' at the end), then invariant, event, text of each finding
--include common

local p, what, cursor = partition(ARGV[1]), ARGV[2], ARGV[3]
local count = argument(ARGV[4], 'count')
local inbox, open, dead, history = 'hg:in:' .. p, 'hg:open:' .. p, 'hg:dead:' .. p, 'hg:hist:' .. p
need(inbox, 'stream')
need(open, 'hash')
need(dead, 'zset')
need(history, 'stream')

local answer = {''}
local function found(code, event, words)
    answer[#answer + 1], answer[#answer + 2], answer[#answer + 3] = code, event, words
end

local function has_body(event)
    return need('hg:b:' .. event, 'string') or
           (need('hg:e:' .. event, 'hash') and redis.call('HGET', 'hg:e:' .. event, 'body') == 'history')
end

local function walk_stream(key, look)
    local entries = redis.call('XRANGE', key, cursor == '' and '-' or '(' .. cursor, '+', 'COUNT', text(count))
    for _, entry in ipairs(entries) do
        local event
        for i = 1, #entry[2], 2 do
            event = entry[2][i] == 'e' and entry[2][i + 1] or event
        end
        look(event or '')
    end
    if #entries == count then
        answer[1] = entries[#entries][1]
    end
end

local function walk_set(command, key, look)
    local page = redis.call(command, key, cursor == '' and '0' or cursor, 'COUNT', text(count))
    for i = 1, #page[2], 2 do
        look(page[2][i])
    end
    answer[1] = page[1] ~= '0' and page[1] or ''
end

if what == 'in' then
    walk_stream(inbox, function(event)
        if not has_body(event) then
            found('I3', event, 'is in the backlog without a body')
        end
        if redis.call('HEXISTS', open, event) == 1 then
            found('I1', event, 'is in the backlog and in open: counted twice')
        end
    end)
elseif what == 'open' then
    walk_set('HSCAN', open, function(event)
        if not has_body(event) then
            found('I3', event, 'is open without a body')
        end
        if not redis.call('ZSCORE', dead, event) then
            found('I2', event, 'is open and in no set')
        end
    end)
elseif what == 'dead' then
    walk_set('ZSCAN', dead, function(letter)
        if redis.call('HEXISTS', open, letter) == 0 then
            found('I2', letter, 'is dead and not open')
        end
        if not need('hg:l:' .. letter, 'hash') then
            found('I8', letter, 'is dead without its letter')
        end
    end)
elseif what == 'hist' then
    walk_stream(history, function(event)
        if not has_body(event) then
            found('I3', event, 'has a frame for history and no body')
        end
    end)
else
    refuse('BADARG what')
end
return answer
