-- What the peers do in Redis to accept an order: claim its id, keep its body. The plain way, as one would write it by hand.
if redis.call('SET', KEYS[1], '1', 'NX', 'EX', ARGV[1]) then
  redis.call('XADD', KEYS[2], '*', 'id', ARGV[2], 'topic', ARGV[3], 'body', ARGV[4])
  return 1
end
return 0
