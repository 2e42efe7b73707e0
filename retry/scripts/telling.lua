-- What became of a delivery, as `place` and `resolve` are told it; included after common, guards and delivery.
--   as maybe('' as it is|0|1) at(ms) reason class pk what target progress('' as it is)
--   guards, then key(16) value each; references, then system kind id theirs each: both of what has ended only
--   and, when it is parked: pass(1: it waits for what comes behind it in its lane, and lets others by) how many, then
--     key field('' of a string) there(0|1) each: it has come already when one of them is so, and nothing is parked
--   and, when it is held: rule('' none) content(32; '' none): the rule wants an approval of that content
--   and, when it is dead: stage code where cause queue due(ms) config excerpt

local next_argument = 1
local function take_argument()
    local value = ARGV[next_argument]
    if not value then
        refuse('BADARG count')
    end
    next_argument = next_argument + 1
    return value
end

local function take_number(what)
    return argument(take_argument(), what)
end

local function take_telling()
    local t = {as = take_argument(), maybe = take_argument(), at = take_number('at'), reason = take_argument(),
               class = take_argument(), pk = take_argument(), what = take_argument(), target = take_argument(),
               progress = take_argument(), guards = {}, references = {}}
    if t.maybe ~= '' and t.maybe ~= '0' and t.maybe ~= '1' or t.pk ~= '' and #t.pk ~= 16 or
       t.as == 'park' and t.pk == '' then
        refuse('BADARG telling')
    end
    for i = 1, take_number('guards') do
        t.guards[i] = {bytes(take_argument(), 16, 'guard'), take_argument()}
        guard(t.guards[i][2], 'guard')
    end
    for i = 1, take_number('references') do
        local system, kind = take_argument(), take_argument()
        if string.find(system, '\0', 1, true) then
            refuse('BADARG reference')
        end
        t.references[i] = {'hg:x:' .. system .. '\0' .. kind, take_argument(), take_argument()}
    end
    if t.as ~= 'applied' and t.as ~= 'suppressed' then
        t.guards, t.references = {}, {}
    end
    if t.as == 'park' then
        t.pass = take_argument() == '1'
        t.come = {}
        for i = 1, take_number('come') do
            t.come[i] = {take_argument(), take_argument(), take_argument() == '1'}
        end
    end
    if t.as == 'hold' then
        t.rule, t.content = take_argument(), take_argument()
        if (t.rule == '') ~= (t.content == '') or t.content ~= '' and #t.content ~= 32 then
            refuse('BADARG rule')
        end
    end
    if t.as == 'dead' then
        t.letter = {stage = take_argument(), code = take_argument(), where = take_argument(), cause = take_argument(),
                    queue = take_argument(), due = take_number('due'), config = take_number('config'),
                    excerpt = take_argument()}
    end
    return t
end

-- Reads and checks what it would write.
local function look_at_telling(t, p)
    for i, write in ipairs(t.guards) do
        t.guards[i] = guard_write(write[1], write[2])
    end
    for _, reference in ipairs(t.references) do
        expect(reference[1], 'hash')
    end
    if t.as == 'park' then
        expect('hg:pk:' .. t.pk, 'set')
        expect('hg:work', 'hash')
        for _, come in ipairs(t.come) do
            local is = come[2] == '' and redis.call('EXISTS', come[1]) or read('hash', 'HEXISTS', come[1], come[2])
            if (is == 1) == come[3] then
                t.as = 'ready'
            end
        end
    elseif t.as == 'dead' then
        expect_cause(p, t.letter.cause)
    end
end

-- What would have a lane that another has waits in it instead: what it had come to is found out again in its turn.
local function wait_for_its_turn(d, t)
    local owner = holder(d.lane)
    if owner and owner ~= d.id and has_lane({state = t.as, order = d.order, pass = t.pass}) then
        t.as = 'lane'
    end
end

local function die(d, letter, class)
    local known = records[d.event]
    d.cause = letter.cause
    redis.call('HSET', 'hg:l:' .. d.id, 'stage', letter.stage, 'class', class, 'code', letter.code, 'where',
               letter.where, 'cause', letter.cause, 'queue', letter.queue, 'due', text(letter.due), 'config',
               text(letter.config), 'attempts', text(d.attempts), 'excerpt', letter.excerpt, 'round',
               text(known.round), 'slot', d.slot, 'system', d.system, 'type', d.type)
    redis.call('HINCRBY', 'hg:causes:' .. d.p, letter.cause, '1')
    redis.call('HSET', 'hg:e:' .. d.event, 'worst', class)
end

-- Writes it: the state with what goes with it, guards, references, the letter. Its lane is the caller's to arrange.
local function write_telling(d, t, ...)
    local state = t.as
    if t.progress ~= '' then
        redis.call('HSET', 'hg:d:' .. d.id, 'progress', t.progress)
        d.begun = true
    end
    if t.maybe ~= '' then
        d.maybe = t.maybe == '1'
    end
    if state == 'ready' then
        move(d, state, d.seq, 'reason', t.reason, 'class', t.class, ...)
    elseif state == 'lane' then
        move(d, state, 0, 'reason', t.reason, 'class', t.class, ...)
    elseif state == 'due' then
        move(d, state, t.at, 'reason', t.reason, 'class', t.class, 'next', text(t.at), ...)
    elseif state == 'park' then
        move(d, state, t.at, 'reason', t.reason, 'class', t.class, 'pk', t.pk, 'what', t.what, 'pass',
             t.pass and '1' or '0', ...)
        redis.call('SADD', 'hg:pk:' .. t.pk, d.id)
        redis.call('HSETNX', 'hg:work', t.pk, t.what)
        d.pk, d.pass = t.pk, t.pass
    elseif state == 'hold' then
        move(d, state, t.at, 'reason', t.reason, 'class', t.class, 'due', text(t.at), 'what', t.what, ...)
        if t.rule ~= '' then
            redis.call('HSET', 'hg:d:' .. d.id, 'rule', t.rule, 'content', t.content)
            d.rule, d.content = t.rule, t.content
        end
    elseif state == 'dead' then
        move(d, state, now_ms(), 'reason', t.reason, 'class', t.class, ...)
        die(d, t.letter, t.class)
    else
        move(d, state, 0, 'reason', t.reason, 'class', t.class, 'target', t.target, ...)
        write_guards(t.guards)
        for _, reference in ipairs(t.references) do
            redis.call('HSET', reference[1], reference[2], reference[3])
        end
    end
end
