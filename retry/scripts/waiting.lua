#!lua flags=no-writes,allow-oom
-- What waits, a page of one set at a time: for whoever takes a partition over, and for people.
-- ARGV: p ready|due|busy|lane|park|hold system('' for the last three) cursor('' at first) count
-- Answer: next cursor ('' at the end), then D, score, fields of d each. In no order; a page may be empty or larger than
-- `count`, and what moves meanwhile may come twice.
--include common

local p, state, system = partition(ARGV[1]), ARGV[2], ARGV[3]
local cursor, count = ARGV[4], argument(ARGV[5], 'count')
local sets = {ready = true, due = true, busy = true, lane = false, park = false, hold = false}
if #ARGV ~= 5 or sets[state] == nil or not string.find(cursor, '^%d*$') or count < 1 or count > 128 then
    refuse('BADARG waiting')
end

local key = 'hg:' .. state .. ':' .. p .. (sets[state] and ':' .. system or '')
local page = read('zset', 'ZSCAN', key, cursor == '' and '0' or cursor, 'COUNT', text(count))
local answer = {page[1] ~= '0' and page[1] or ''}
for i = 1, #page[2], 2 do
    local id = string.sub(page[2][i], -32)
    local n = #answer
    answer[n + 1], answer[n + 2] = id, page[2][i + 1]
    answer[n + 3] = told(id)
end
return answer
