-- Events with nothing but letters (`rest`), and what of Redis their bodies take: `kept` bytes of each, and of a partition
-- `kept` bodies with `kept_bytes` in all; included after common by the scripts that change either.

-- Reads and checks what `count_body` writes.
local function look_at_body(p, event)
    need('hg:b:' .. event, 'string')
    whole(read('hash', 'HGET', 'hg:e:' .. event, 'kept'), 'hg:e:' .. event .. ' kept')
    for i, value in ipairs(read('hash', 'HMGET', 'hg:P:' .. p, 'kept', 'kept_bytes')) do
        whole(value, 'hg:P:' .. p .. (i == 1 and ' kept' or ' kept_bytes'))
    end
end

-- What the body of an event takes as a letter's from here on; 0: it is in history, or the event rests no more.
local function count_body(p, event, bytes)
    local before = tonumber(redis.call('HGET', 'hg:e:' .. event, 'kept') or '0')
    if bytes == before then
        return
    end
    if bytes > 0 then
        redis.call('HSET', 'hg:e:' .. event, 'kept', text(bytes))
    else
        redis.call('HDEL', 'hg:e:' .. event, 'kept')
    end
    if (bytes > 0) ~= (before > 0) then
        redis.call('HINCRBY', 'hg:P:' .. p, 'kept', bytes > 0 and '1' or '-1')
    end
    redis.call('HINCRBY', 'hg:P:' .. p, 'kept_bytes', text(bytes - before))
end

local function comes_to_rest(p, event)
    if redis.call('SADD', 'hg:rest:' .. p, event) == 1 then
        count_body(p, event, redis.call('STRLEN', 'hg:b:' .. event))
    end
end

local function rests_no_more(p, event)
    if redis.call('SREM', 'hg:rest:' .. p, event) == 1 then
        count_body(p, event, 0)
    end
end
