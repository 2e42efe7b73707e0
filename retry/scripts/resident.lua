#!lua flags=no-writes,allow-oom
-- A page of a partition's letters, the oldest first: those whose bodies are in Redis and may leave it.
-- ARGV: p after(letter of the page before, or '') at(ms of after) count
-- Answer: {after, at} of this page's last letter, {} when there are no more, then event(16), at(ms), bytes each
--include common
--include dead

local p, after, at = partition(ARGV[1]), ARGV[2], argument(ARGV[3], 'at')
local count = argument(ARGV[4], 'count')
if #ARGV ~= 4 or count < 1 or count > 128 then
    refuse('BADARG resident')
end

local rest = 'hg:rest:' .. p
need(rest, 'set')
local page = letters_behind(p, after, at, count)
local answer = {#page == 2 * count and {page[#page - 1], page[#page]} or {}}
for i = 1, #page, 2 do
    local event = string.sub(page[i], 1, 16)
    local kept = read('hash', 'HMGET', 'hg:e:' .. event, 'kept', 'edits')
    if kept[1] and not kept[2] and redis.call('SISMEMBER', rest, event) == 1 then
        local n = #answer
        answer[n + 1], answer[n + 2], answer[n + 3] = event, page[i + 1], kept[1]
    end
end
return answer
