-- A partition's letters by when they died; included after common by the scripts that list them.

-- What comes behind a letter ('' at first) that died at `at`: letter, ms, …
local function letters_behind(p, after, at, count)
    local dead = 'hg:dead:' .. p
    local first = 0
    if after ~= '' then
        -- Gone meanwhile, or dead anew and now at the end: on from its instant; what shares it may be told twice, never
        -- left out.
        if tonumber(read('zset', 'ZSCORE', dead, after) or -1) == at then
            first = redis.call('ZRANK', dead, after) + 1
        else
            first = redis.call('ZCOUNT', dead, '-inf', '(' .. text(at))
        end
    end
    return read('zset', 'ZRANGE', dead, text(first), text(first + count - 1), 'WITHSCORES')
end
