#!lua flags=allow-oom
-- A replay job: a frozen list of letters that go back to work one after the other (`readmit` takes them from it).
-- Anybody's.
-- ARGV: job(8) verb, and
--   create  created(ms) rate what    a new one, that is prepared; `what`: JSON, opaque
--   add     n letter…                its list goes on behind its first n; nothing when it is longer already
--   skip    at                       its letter there cannot go back: on to the next
--   begin | pause | cancel | finish
--   resume  rate('' as it is)
-- A letter stands as its tries(1 byte) round(be32) letter(16|32).
-- Answer: its state afterwards, '' when there is none: preparing running paused cancelled done
--include common

local job, verb = bytes(ARGV[1], 8, 'job'), ARGV[2]
local key, list = 'hg:job:' .. job, 'hg:jl:' .. job
local most_kept = 1000

local state = read('hash', 'HGET', key, 'state')
need(list, 'list')
need('hg:jobs', 'zset')

if verb == 'create' then
    if state then
        return ''
    end
    local created, rate = argument(ARGV[3], 'created'), argument(ARGV[4], 'rate')
    local old = {}
    local over = redis.call('ZCARD', 'hg:jobs') + 1 - most_kept
    for _, other in ipairs(over > 0 and redis.call('ZRANGE', 'hg:jobs', '0', '-1') or {}) do
        local is = read('hash', 'HGET', 'hg:job:' .. other, 'state')
        if #old < over and (is == 'done' or is == 'cancelled') then
            old[#old + 1] = other
        end
    end
    for _, other in ipairs(old) do
        redis.call('ZREM', 'hg:jobs', other)
        redis.call('UNLINK', 'hg:job:' .. other, 'hg:jl:' .. other)
    end
    redis.call('HSET', key, 'state', 'preparing', 'rate', text(rate), 'what', ARGV[5], 'created', text(created), 'at',
               '0', 'total', '0', 'replayed', '0', 'gone', '0', 'changed', '0', 'left', '0', 'postponed', '0')
    redis.call('ZADD', 'hg:jobs', text(created), job)
    return 'preparing'
end
if not state then
    return ''
end

if verb == 'add' then
    local n = argument(ARGV[3], 'n')
    if state == 'preparing' and redis.call('LLEN', list) == n and #ARGV > 3 then
        redis.call('RPUSH', list, unpack(ARGV, 4))
        redis.call('HSET', key, 'total', text(n + #ARGV - 3))
    end
    return state
end

if verb == 'skip' then
    local at = argument(ARGV[3], 'at')
    if state == 'running' and whole(read('hash', 'HGET', key, 'at'), key .. ' at') == at then
        redis.call('HINCRBY', key, 'at', '1')
        redis.call('HINCRBY', key, 'left', '1')
    end
    return state
end

local moves = {begin = {preparing = 'running'}, pause = {running = 'paused'}, resume = {paused = 'running'},
               cancel = {preparing = 'cancelled', running = 'cancelled', paused = 'cancelled'},
               finish = {running = 'done'}}
if not moves[verb] then
    refuse('BADARG verb')
end
local rate = verb == 'resume' and ARGV[3] ~= '' and argument(ARGV[3], 'rate')
local to = moves[verb][state]
if verb == 'finish' and redis.call('LLEN', list) > whole(read('hash', 'HGET', key, 'at'), key .. ' at') then
    to = nil
end
if to then
    redis.call('HSET', key, 'state', to, 'changed_at', text(now_ms()))
    state = to
    if to == 'cancelled' or to == 'done' then
        redis.call('UNLINK', list)
    end
end
if rate and (state == 'running' or state == 'paused') then
    redis.call('HSET', key, 'rate', text(rate))
end
return state
