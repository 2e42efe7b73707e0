#!lua flags=no-writes,allow-oom
-- One page of one partition against the invariants, while work goes on.
-- ARGV: p what cursor count; what: in | open | dead | hist | ready, due or busy:SYSTEM | lane | park | hold, or
--   keys: of all partitions, lanes and what is waited for
-- Answer: next cursor ('' at the end), then invariant, event or delivery or key, text of each finding
--include common

local p, what, cursor = partition(ARGV[1]), ARGV[2], ARGV[3]
local count = argument(ARGV[4], 'count')
local inbox, open, dead, history = 'hg:in:' .. p, 'hg:open:' .. p, 'hg:dead:' .. p, 'hg:hist:' .. p
need(inbox, 'stream')
need(open, 'hash')
need(dead, 'zset')
need(history, 'stream')
need('hg:rest:' .. p, 'set')

local answer = {''}
local function found(code, name, words)
    answer[#answer + 1], answer[#answer + 2], answer[#answer + 3] = code, name, words
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

-- Deliveries. ------------------------------------------------------------------------------------------------------

local left = {ready = true, due = true, busy = true, lane = true, park = true, hold = true}

local function delivery(id)
    local v = read('hash', 'HMGET', 'hg:d:' .. id, 'state', 'p', 'system', 'lane', 'order', 'seq', 'n', 'pk', 'pass',
                   'escalated')
    return v[1] and {id = id, state = v[1], p = v[2] or '', system = v[3] or '', lane = v[4] or '', order = v[5],
                     seq = whole(v[6], 'hg:d:' .. id), n = whole(v[7], 'hg:d:' .. id), pk = v[8],
                     pass = v[9] == '1', escalated = v[10] == '1'}
end

local function has_lane(d)
    return left[d.state] and d.state ~= 'lane' and not (d.state == 'park' and d.pass) or
           (d.state == 'dead' or d.state == 'again') and d.order == 'sequence'
end

local function sets_with(d)
    local n = 0
    for _, state in ipairs({'ready', 'due', 'busy'}) do
        n = n + (read('zset', 'ZSCORE', 'hg:' .. state .. ':' .. d.p .. ':' .. d.system, d.id) and 1 or 0)
    end
    for _, state in ipairs({'park', 'hold', 'dead'}) do
        n = n + (read('zset', 'ZSCORE', 'hg:' .. state .. ':' .. d.p, d.id) and 1 or 0)
    end
    local in_lane = d.lane .. struct.pack('>I8I2', d.seq, d.n) .. d.id
    return n + (read('zset', 'ZSCORE', 'hg:lane:' .. d.p, in_lane) and 1 or 0)
end

local function look_at_lane(d)
    local held = read('string', 'GET', 'hg:blk:' .. d.lane) or ''
    if has_lane(d) and string.sub(held, 1, 32) ~= d.id then
        found('I5', d.id, 'does not have its lane')
    elseif d.state == 'lane' and (#held < 33 or not string.find(held, string.char(tonumber(d.p)), 33, true)) then
        found('I5', d.id, 'waits in a lane that does not know of it')
    end
end

-- An event of open: its deliveries, each in one set, and how many of them there are.
local function look_at_event(event)
    local known = read('hash', 'HMGET', 'hg:e:' .. event, 'd', 'left', 'dead', 'again', 'kept')
    local n = {left = 0, dead = 0, again = 0}
    local halves = known[1] or ''
    for i = 1, #halves, 16 do
        local id = event .. string.sub(halves, i, i + 15)
        local d = delivery(id)
        if not d then
            found('I2', id, 'is placed and has no record')
        else
            local kind = left[d.state] and 'left' or d.state
            local times = sets_with(d)
            if times ~= ((kind == 'left' or kind == 'dead') and 1 or 0) then
                found('I2', id, 'is ' .. d.state .. ' and in ' .. text(times) .. ' sets')
            end
            if n[kind] then
                n[kind] = n[kind] + 1
            end
            look_at_lane(d)
        end
    end
    for i, kind in ipairs({'left', 'dead', 'again'}) do
        if whole(known[i + 1], 'hg:e:' .. event .. ' ' .. kind) ~= n[kind] then
            found('I2', event, 'counts its deliveries that are ' .. kind .. ' wrong')
        end
    end
    local letter = redis.call('ZSCORE', dead, event)
    if n.left + n.dead + n.again == 0 and not letter then
        found('I2', event, 'is open and in no set')
    end
    local rests = redis.call('SISMEMBER', 'hg:rest:' .. p, event) == 1
    if (n.left == 0) ~= rests then
        found('I2', event, 'is counted wrong as waiting or dead')
    end
    if whole(known[5], 'hg:e:' .. event .. ' kept') ~= (rests and redis.call('STRLEN', 'hg:b:' .. event) or 0) then
        found('I3', event, 'is counted wrong in what the bodies of letters take')
    end
end

local function walk_deliveries(state, key)
    need(key, 'zset')
    walk_set('ZSCAN', key, function(name)
        local id = string.sub(name, -32)
        local d = delivery(id)
        if not d or d.state ~= state or d.p ~= p then
            found('I2', id, 'is in ' .. state .. ' and not known to be')
        elseif state == 'park' and not (d.pk and read('set', 'SISMEMBER', 'hg:pk:' .. d.pk, id) == 1) then
            found('I5', id, 'is parked where nothing wakes it')
        elseif d.escalated and read('set', 'SISMEMBER', 'hg:escalated', id) == 0 then
            found('I2', id, 'was not decided in time, and is not counted as that')
        end
        if d then
            look_at_lane(d)
        end
    end)
end

-- How many lanes of each system have an owner: no fewer than a page shows, and no more when it shows all there is.
local function look_at_lanes(shown_by_page, is_all)
    local stored = {}
    local flat = read('hash', 'HGETALL', 'hg:lanes')
    for i = 1, #flat, 2 do
        stored[flat[i]] = whole(flat[i + 1], 'hg:lanes')
        shown_by_page[flat[i]] = shown_by_page[flat[i]] or 0
    end
    for system, n in pairs(shown_by_page) do
        local counted = stored[system] or 0
        if counted < math.max(1, n) or is_all and counted > n then
            found('I5', 'hg:lanes', 'counts the lanes of ' .. system .. ' wrong')
        end
    end
end

-- Of what waits for one word, some: each is a letter that knows it. The letters themselves are all looked at.
local function look_at_word(key, wd)
    if read('hash', 'HEXISTS', 'hg:words', wd) == 0 then
        found('I8', 'hg:words', 'does not know of a word that is waited for')
    end
    for _, waiting in ipairs(read('zset', 'ZRANDMEMBER', key, '128')) do
        local letter = string.sub(waiting, 1, 16)
        if read('hash', 'HGET', 'hg:l:' .. letter, 'word') ~= wd .. string.sub(waiting, 17) then
            found('I8', letter, 'is said to wait for a word, and is no letter that does')
        end
    end
end

-- Keys that no partition has.
local function walk_keys()
    local page = redis.call('SCAN', cursor == '' and '0' or cursor, 'COUNT', '1000')
    local lanes = {}
    for _, key in ipairs(page[2]) do
        local lane, pk = string.match(key, '^hg:blk:(.*)$'), string.match(key, '^hg:pk:(.*)$')
        local wd = string.match(key, '^hg:wd:(.*)$')
        if lane then
            local id = string.sub(read('string', 'GET', key), 1, 32)
            local d = delivery(id)
            if not (d and d.lane == lane and has_lane(d)) then
                found('I5', id, 'has a lane that is not its own')
            end
            if d then
                lanes[d.system] = (lanes[d.system] or 0) + 1
            end
        elseif pk then
            if read('hash', 'HEXISTS', 'hg:work', pk) == 0 then
                found('I5', 'hg:work', 'does not know of something that is waited for')
            end
            for _, id in ipairs(read('set', 'SMEMBERS', key)) do
                local d = delivery(id)
                if not (d and d.state == 'park' and d.pk == pk) then
                    found('I5', id, 'is waited for and not parked')
                end
            end
        elseif wd then
            look_at_word(key, wd)
        end
    end
    look_at_lanes(lanes, cursor == '' and page[1] == '0')
    if cursor == '' and need('hg:escalated', 'set') then
        for _, id in ipairs(redis.call('SRANDMEMBER', 'hg:escalated', '128')) do
            local d = delivery(id)
            if not (d and d.state == 'hold' and d.escalated) then
                found('I2', id, 'is said to wait for a decision too long, and does not')
            end
        end
    end
    if cursor == '' then
        for _, pk in ipairs(redis.call('HKEYS', 'hg:work')) do
            if redis.call('EXISTS', 'hg:pk:' .. pk) == 0 then
                found('I5', 'hg:work', 'knows of something that nothing waits for')
            end
        end
        local words = read('hash', 'HSCAN', 'hg:words', '0', 'COUNT', '1000')[2]
        for i = 1, #words, 2 do
            if redis.call('EXISTS', 'hg:wd:' .. words[i]) == 0 then
                found('I8', 'hg:words', 'knows of a word that nothing waits for')
            end
        end
    end
    answer[1] = page[1] ~= '0' and page[1] or ''
end

local state, system = string.match(what, '^(%a+):(.*)$')
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
        look_at_event(event)
    end)
elseif what == 'dead' then
    walk_set('ZSCAN', dead, function(letter)
        if #letter == 32 then
            local d = delivery(letter)
            if not d or d.state ~= 'dead' then
                found('I2', letter, 'is a letter and not known to be dead')
            end
        elseif redis.call('HEXISTS', open, letter) == 0 then
            found('I2', letter, 'is dead and not open')
        end
        if not need('hg:l:' .. letter, 'hash') then
            found('I8', letter, 'is dead without its letter')
        end
        local word = redis.call('HGET', 'hg:l:' .. letter, 'word')
        if word and not read('zset', 'ZSCORE', 'hg:wd:' .. string.sub(word, 1, 16), letter .. string.sub(word, 17)) then
            found('I8', letter, 'waits for a word, and nothing wakes it')
        end
    end)
elseif what == 'hist' then
    walk_stream(history, function(event)
        if not has_body(event) then
            found('I3', event, 'has a frame for history and no body')
        end
    end)
elseif what == 'lane' or what == 'park' or what == 'hold' then
    walk_deliveries(what, 'hg:' .. what .. ':' .. p)
elseif state == 'ready' or state == 'due' or state == 'busy' then
    walk_deliveries(state, 'hg:' .. state .. ':' .. p .. ':' .. system)
elseif what == 'keys' then
    walk_keys()
else
    refuse('BADARG what')
end
return answer
