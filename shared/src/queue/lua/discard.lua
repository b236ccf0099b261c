-- Deletes one dead letter for good, and says so in the state of its order.
--
-- Crash window: none inside. Who discards a letter a second time finds it gone, and nothing is written.
--
-- KEYS[1]  dead letters                  KEYS[2]  totals
-- KEYS[3]  the order's state; left out where the order has no identity
-- ARGV[1]  the letter's entry id         ARGV[2]  how long the state is kept from now on, in ms
--
-- Returns {1 when it was discarded, 0 when it was gone}.
--
-- uses: clock history

local letter = redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1])[1]
if not letter then
  return {0}
end
local found = {}
for i = 1, #letter[2], 2 do
  found[letter[2][i]] = letter[2][i + 1]
end

if KEYS[3] then
  local state = redis.call('HMGET', KEYS[3], 'state', 'dead_letter')
  -- A state that does not speak of this letter belongs to another copy of the order.
  if state[1] == 'dead-lettered' and state[2] == ARGV[1] then
    remember(KEYS[3], 'discarded', ARGV[1], found, string.format('%.0f', now_ms()))
    redis.call('HSET', KEYS[3], 'state', 'discarded')
    redis.call('PEXPIRE', KEYS[3], ARGV[2])
  end
end
redis.call('XDEL', KEYS[1], ARGV[1])
redis.call('HINCRBY', KEYS[2], 'discarded', 1)
return {1}
