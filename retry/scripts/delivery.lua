-- Deliveries and how they move; included after common by the scripts that move them. `share`, `record`, `delivery` and
-- `lane_heads` read and check whatever a move touches; they are called for all of it before the first write, and what
-- moves afterwards cannot fail. A delivery D is its event(16) and H16(slot, system)(16).
--include rest

-- What a state counts as. Only left, dead and again are open; an `again` one is in no set, its event is in the backlog.
local kinds = {ready = 'left', due = 'left', busy = 'left', lane = 'left', park = 'left', hold = 'left', dead = 'dead',
               again = 'again', applied = 'applied', suppressed = 'suppressed', discarded = 'discarded'}
local per_system = {ready = true, due = true, busy = true}
local fields_of_delivery = {'p', 'system', 'lane', 'order', 'state', 'attempts', 'maybe', 'seq', 'n', 'pk', 'slot',
                            'type', 'reason', 'pass', 'progress', 'version', 'rule', 'content', 'escalated',
                            'fact'}
local fields_of_record = {'p', 'round', 'seq', 'left', 'dead', 'again', 'applied', 'discarded', 'd',
                          'channel', 'by', 'kept'}
local counters_of_share = {'applied', 'suppressed', 'discarded', 'd_created', 'd_applied', 'd_suppressed',
                           'd_discarded', 'd_dead', 'd_again', 'kept', 'kept_bytes'}

local expected = {}  -- key -> true: its type has been looked at
local function expect(key, kind)
    if not expected[key] then
        need(key, kind)
        expected[key] = true
    end
end

local lanes = {}     -- system -> how many more of its lanes have an owner
local counts = {}    -- p -> counter -> how many more
local channels = {}  -- channel -> how many more of its events wait
local function counted(p, counter, n)
    counts[p][counter] = (counts[p][counter] or 0) + n
end

-- The keys and counters of a partition.
local function share(p)
    if counts[p] then
        return
    end
    local key = 'hg:P:' .. p
    for i, value in ipairs(read('hash', 'HMGET', key, unpack(counters_of_share))) do
        whole(value, key .. ' ' .. counters_of_share[i])
    end
    for _, name in ipairs({'open', 'causes'}) do
        expect('hg:' .. name .. ':' .. p, 'hash')
    end
    for _, name in ipairs({'lane', 'park', 'hold', 'dead'}) do
        expect('hg:' .. name .. ':' .. p, 'zset')
    end
    expect('hg:rest:' .. p, 'set')
    expect('hg:hist:' .. p, 'stream')
    counts[p] = {}
end

local function stored_partition(value, where)
    local p = whole(value, where)
    if p < 0 or p > 63 then
        refuse('BADVALUE ' .. shown(where))
    end
    return text(p)
end

local function expect_channel(channel)
    if channel and channels[channel] == nil then
        whole(read('hash', 'HGET', 'hg:waiting', channel), 'hg:waiting')
        channels[channel] = 0
    end
end

-- What is known of an event whose deliveries have left the fast path; false: nothing.
local records = {}
local function record(event)
    if records[event] ~= nil then
        return records[event]
    end
    local key = 'hg:e:' .. event
    local v = read('hash', 'HMGET', key, unpack(fields_of_record))
    for i = 2, 8 do
        whole(v[i], key .. ' ' .. fields_of_record[i])
    end
    expect('hg:l:' .. event, 'hash')
    expect('hg:b:' .. event, 'string')
    whole(v[12], key .. ' kept')
    if v[9] and #v[9] % 16 ~= 0 then
        refuse('BADVALUE ' .. shown(key) .. ' d')
    end
    records[event] = v[1] and {event = event, p = stored_partition(v[1], key .. ' p'), round = whole(v[2]),
                               seq = whole(v[3]), left = whole(v[4]), dead = whole(v[5]), again = whole(v[6]),
                               applied = whole(v[7]), discarded = whole(v[8]), d = v[9] or '',
                               channel = v[10], waits = v[10] and whole(v[4]) > 0 or false, by = v[11] or ''}
    expect_channel(v[10])
    return records[event]
end

-- Whether somebody put something of an event back to work in any round: `by` has a name a line.
local function is_among(by, who)
    return string.find('\n' .. by .. '\n', '\n' .. who .. '\n', 1, true) ~= nil
end

-- "ready:<p>:<system>" or "park:<p>".
local function set_of(d, state)
    return 'hg:' .. state .. ':' .. d.p .. (per_system[state] and ':' .. d.system or '')
end

local function in_set(d, state)
    return state == 'lane' and d.lane .. struct.pack('>I8I2', d.seq, d.n) .. d.id or d.id
end

-- A delivery beside the partition it is in, as answers name it: a byte and D.
local function name_of(d)
    return string.char(tonumber(d.p)) .. d.id
end

-- A lane's owner, and the partitions in which deliveries wait for it, a byte each.
local function holder(lane)
    local held = read('string', 'GET', 'hg:blk:' .. lane)
    if held and #held < 32 then
        refuse('BADVALUE ' .. shown('hg:blk:' .. lane))
    end
    return held and string.sub(held, 1, 32), held and string.sub(held, 33) or ''
end

-- The sets a delivery may be in or come to, its lane, its letter and what it is parked on.
local function expect_sets(d)
    for state, _ in pairs(per_system) do
        expect(set_of(d, state), 'zset')
    end
    expect('hg:lane:' .. d.p, 'zset')
    expect('hg:park:' .. d.p, 'zset')
    expect('hg:hold:' .. d.p, 'zset')
    expect('hg:dead:' .. d.p, 'zset')
    expect('hg:l:' .. d.id, 'hash')
    holder(d.lane)
    if lanes[d.system] == nil then
        whole(read('hash', 'HGET', 'hg:lanes', d.system), 'hg:lanes')
        lanes[d.system] = 0
    end
    if d.pk then
        expect('hg:pk:' .. d.pk, 'set')
        expect('hg:work', 'hash')
    end
    if d.escalated then
        expect('hg:escalated', 'set')
    end
end

local function expect_cause(p, cause)
    whole(read('hash', 'HGET', 'hg:causes:' .. p, cause), 'hg:causes:' .. p)
end

-- What a letter waits for in `words`, and its channel behind it.
local function expect_word(letter, word)
    if word then
        if #word < 16 then
            refuse('BADVALUE ' .. shown('hg:l:' .. letter) .. ' word')
        end
        expect('hg:wd:' .. string.sub(word, 1, 16), 'zset')
        expect('hg:words', 'hash')
    end
end

local deliveries = {}
local function delivery(id)
    if deliveries[id] ~= nil then
        return deliveries[id]
    end
    local key = 'hg:d:' .. id
    local v = read('hash', 'HMGET', key, unpack(fields_of_delivery))
    if not v[5] then
        deliveries[id] = false
        return false
    end
    local d = {id = id, event = string.sub(id, 1, 16), p = stored_partition(v[1], key .. ' p'), system = v[2],
               lane = v[3], order = v[4], state = v[5], attempts = whole(v[6], key .. ' attempts'),
               maybe = v[7] == '1', seq = whole(v[8], key .. ' seq'), n = whole(v[9], key .. ' n'), pk = v[10],
               slot = v[11] or '', type = v[12] or '', reason = v[13] or '', pass = v[14] == '1',
               begun = (v[15] or '') ~= '', version = v[16] or '', rule = v[17] or '', content = v[18] or '',
               escalated = v[19] == '1', fact = v[20]}
    if not kinds[d.state] or not d.system or not d.lane or #d.lane ~= 16 or d.n > 65535 or
       d.state == 'park' and (not d.pk or #d.pk ~= 16) or d.fact and #d.fact ~= 16 then
        refuse('BADVALUE ' .. shown(key))
    end
    expect_sets(d)
    if d.state == 'dead' then
        d.cause = read('hash', 'HGET', 'hg:l:' .. id, 'cause')
        if not d.cause then
            refuse('BADVALUE ' .. shown('hg:l:' .. id))
        end
        expect_cause(d.p, d.cause)
    end
    deliveries[id] = d
    return d
end

-- The oldest that waits in a lane, of all partitions; and the partitions in which some do.
local function lane_head(lane, waiting)
    local head, seq
    local still = ''
    for i = 1, #waiting do
        local key = 'hg:lane:' .. text(string.byte(waiting, i))
        expect(key, 'zset')
        local found = redis.call('ZRANGEBYLEX', key, '[' .. lane, '[' .. lane .. string.rep('\255', 43), 'LIMIT', '0',
                                 '1')[1]
        if found then
            if #found ~= 58 then
                refuse('BADVALUE ' .. shown(key))
            end
            still = still .. string.sub(waiting, i, i)
            local at = struct.unpack('>I8', found, 17)
            if not head or at < seq then
                head, seq = string.sub(found, 27), at
            end
        end
    end
    return head, still
end

-- Reads what comes after the owner of a lane.
local function look_behind(lane)
    local _, waiting = holder(lane)
    local head = lane_head(lane, waiting)
    if head and not delivery(head) then
        refuse('BADSTATE ' .. shown('hg:blk:' .. lane) .. ': who waits is not known')
    end
end

-- From here on: what moves. ---------------------------------------------------------------------------------------

local function has_lane(d)
    local kind = kinds[d.state]
    if kind == 'left' then
        return d.state ~= 'lane' and not (d.state == 'park' and d.pass)
    end
    return (kind == 'dead' or kind == 'again') and d.order == 'sequence'
end

-- `word`: what it waits for, if for anything.
local function drop_letter(p, letter, cause, word)
    redis.call('ZREM', 'hg:dead:' .. p, letter)
    redis.call('UNLINK', 'hg:l:' .. letter)
    if word then
        local wd = string.sub(word, 1, 16)
        redis.call('ZREM', 'hg:wd:' .. wd, letter .. string.sub(word, 17))
        if redis.call('EXISTS', 'hg:wd:' .. wd) == 0 then
            redis.call('HDEL', 'hg:words', wd)
        end
    end
    if tonumber(redis.call('HGET', 'hg:causes:' .. p, cause) or '0') <= 1 then
        redis.call('HDEL', 'hg:causes:' .. p, cause)
    else
        redis.call('HINCRBY', 'hg:causes:' .. p, cause, '-1')
    end
end

local function leave_set(d)
    local kind = kinds[d.state]
    if d.state == 'dead' then
        drop_letter(d.p, d.id, d.cause)
    elseif kind == 'left' then
        redis.call('ZREM', set_of(d, d.state), in_set(d, d.state))
    end
    if d.state == 'park' then
        redis.call('SREM', 'hg:pk:' .. d.pk, d.id)
        if redis.call('EXISTS', 'hg:pk:' .. d.pk) == 0 then
            redis.call('HDEL', 'hg:work', d.pk)
        end
    end
    if d.escalated then
        redis.call('SREM', 'hg:escalated', d.id)
    end
    redis.call('HDEL', 'hg:d:' .. d.id, 'pk', 'what', 'due', 'next', 'pass', 'rule', 'content', 'escalated')
    d.pk, d.pass, d.rule, d.content, d.escalated = nil, nil, '', '', false
end

-- Counts what a change of state changes: of its event, which `settle` writes, and of its partition.
local function count_move(d, from, to)
    local known = records[d.event]
    if from == to then
        return
    end
    if from then
        known[from] = known[from] - 1
    end
    known[to] = (known[to] or 0) + 1
    if from == 'dead' or from == 'again' then
        counted(d.p, 'd_' .. from, -1)
    end
    if to ~= 'left' then
        counted(d.p, 'd_' .. to, 1)
    end
end

-- Into a state, with the score of its set and further fields of d. The letter of a dead one is written by `die`.
local function move(d, state, score, ...)
    local from = d.state and kinds[d.state]
    if from then
        leave_set(d)
    end
    count_move(d, from, kinds[state])
    d.state = state
    if kinds[state] == 'left' or state == 'dead' then
        redis.call('ZADD', set_of(d, state), text(score), in_set(d, state))
    end
    redis.call('HSET', 'hg:d:' .. d.id, 'state', state, 'attempts', text(d.attempts), 'maybe', d.maybe and '1' or '0',
               ...)
end

local function make_ready(d)
    move(d, 'ready', d.seq)
end

-- Puts a delivery that has moved where it now belongs in its lane. Answers which became ready by it, or ''.
local function arrange(d)
    local key = 'hg:blk:' .. d.lane
    local owner, waiting = holder(d.lane)
    if d.state == 'lane' then
        local mark = string.char(tonumber(d.p))
        if not string.find(waiting, mark, 1, true) then
            redis.call('SET', key, owner .. waiting .. mark)
        end
    elseif has_lane(d) then
        if owner ~= d.id then
            redis.call('SET', key, d.id .. waiting)
            lanes[d.system] = lanes[d.system] + 1
        end
    elseif owner == d.id then
        local head, still = lane_head(d.lane, waiting)
        if head then
            make_ready(deliveries[head])
            redis.call('SET', key, head .. still)
            return name_of(deliveries[head])
        end
        redis.call('DEL', key)
        lanes[d.system] = lanes[d.system] - 1
    end
    return ''
end

-- Who edits an event, or puts something of it back to work, is kept with it: another one approves it, where a rule says so.
local function put_back_by(known, who)
    if who ~= '' and not is_among(known.by, who) then
        known.by = known.by == '' and who or known.by .. '\n' .. who
        redis.call('HSET', 'hg:e:' .. known.event, 'by', known.by)
    end
end

-- Back to work: ready if the lane is its own or free, else it waits there. Answers whether it is ready.
local function to_work(d)
    local owner = holder(d.lane)
    if not owner or owner == d.id then
        make_ready(d)
    else
        move(d, 'lane', 0)
    end
    arrange(d)
    return d.state == 'ready'
end

-- Writes what is known of an event, and finishes it once nothing of it is open, dead or readmitted. Answers how it
-- ended: '' | a | s | x.
local function settle(known)
    local open = 'hg:open:' .. known.p
    redis.call('HSET', 'hg:e:' .. known.event, 'left', text(known.left), 'dead', text(known.dead), 'again',
               text(known.again), 'applied', text(known.applied), 'discarded', text(known.discarded))
    if known.channel and known.waits ~= (known.left > 0) then
        known.waits = known.left > 0
        channels[known.channel] = channels[known.channel] + (known.waits and 1 or -1)
    end
    if redis.call('HEXISTS', open, known.event) == 0 then
        return ''
    end
    if known.left > 0 then
        rests_no_more(known.p, known.event)
        return ''
    end
    if known.dead + known.again > 0 or redis.call('EXISTS', 'hg:l:' .. known.event) == 1 then
        comes_to_rest(known.p, known.event)
        return ''
    end
    rests_no_more(known.p, known.event)
    redis.call('HDEL', open, known.event)
    local as = known.discarded > 0 and 'discarded' or known.applied > 0 and 'applied' or 'suppressed'
    counted(known.p, as, 1)
    return as == 'discarded' and 'x' or string.sub(as, 1, 1)
end

-- A frame about one delivery. `end` says how its event has ended with it, `now` what its event is if it has not:
-- w waiting, d dead.
local function tell_history(d, state, ended, frame)
    local known = records[d.event]
    local rests = ended == '' and redis.call('SISMEMBER', 'hg:rest:' .. known.p, d.event) == 1
    redis.call('XADD', 'hg:hist:' .. known.p, '*', 'e', d.event, 's', state, 'r', text(known.round), 'd',
               string.sub(d.id, 17), ended ~= '' and 'end' or 'now', ended ~= '' and ended or rests and 'd' or 'w',
               'f', frame)
end

local function write_counts()
    for p, of_share in pairs(counts) do
        for counter, n in pairs(of_share) do
            if n ~= 0 then
                redis.call('HINCRBY', 'hg:P:' .. p, counter, text(n))
            end
        end
    end
    for key, of_key in pairs({['hg:lanes'] = lanes, ['hg:waiting'] = channels}) do
        for name, n in pairs(of_key) do
            if n ~= 0 and redis.call('HINCRBY', key, name, text(n)) == 0 then
                redis.call('HDEL', key, name)
            end
        end
    end
end
