-- Deletes one dead letter for good, and says so in the state of its order.
--
-- Crash window: none inside. Who discards a letter a second time finds it gone, and nothing is written.
--
-- KEYS[1]  dead letters                  KEYS[2]  totals
-- KEYS[3]  the order's state; left out where the order has no identity
-- ARGV[1]  the letter's entry id         ARGV[2]  how long the state is kept from now on, in ms
--
-- Returns {1 when it was discarded, 0 when it was gone}.

local letter = redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1])[1]
if not letter then
  return {0}
end
local found = {}
for i = 1, #letter[2], 2 do
  found[letter[2][i]] = letter[2][i + 1]
end

-- As in redrive.lua.
local function remember(event, at)
  local words = {event, found.code, found.stream, ARGV[1], at, found.ingress, found.delivery_count}
  for i = 1, 7 do
    words[i] = string.sub(string.gsub(words[i] or '', '[^%w_-]', '?'), 1, 64)
    if words[i] == '' then
      words[i] = '-'
    end
  end
  local history = (redis.call('HGET', KEYS[3], 'history') or '') .. table.concat(words, ' ') .. '\n'
  while #history > 8192 do
    history = string.sub(history, string.find(history, '\n', 1, true) + 1)
  end
  redis.call('HSET', KEYS[3], 'history', history)
end

if KEYS[3] then
  local state = redis.call('HMGET', KEYS[3], 'state', 'dead_letter')
  -- A state that does not speak of this letter belongs to another copy of the order.
  if state[1] == 'dead-lettered' and state[2] == ARGV[1] then
    local time = redis.call('TIME')
    remember('discarded', string.format('%.0f', tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)))
    redis.call('HSET', KEYS[3], 'state', 'discarded')
    redis.call('PEXPIRE', KEYS[3], ARGV[2])
  end
end
redis.call('XDEL', KEYS[1], ARGV[1])
redis.call('HINCRBY', KEYS[2], 'discarded', 1)
return {1}
