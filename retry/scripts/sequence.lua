#!lua flags=allow-oom
-- hg:seq = max(hg:seq, ARGV[1]); it never goes back. A seq in a gap is simply never used.
-- ARGV: the lowest value it may have. Answer: the value it has.
--include common

local at_least = argument(ARGV[1], 'at_least')
local seq = whole(read('string', 'GET', 'hg:seq'), 'hg:seq')
if seq < at_least then
    seq = at_least
    redis.call('SET', 'hg:seq', text(seq))
end
return seq
