-- One look at all streams and counters.
--
-- KEYS[1..3]  the streams ingress, simple, complex     ARGV[1..3]  their consumer groups
-- KEYS[4]     confirmations     KEYS[5]  dead letters  KEYS[6]     totals
-- KEYS[7..9]  the streams' pauses
--
-- Returns for each stream {length, pending, age of the oldest entry in ms, entries ever added, and of its pause since, until, reason,
-- by as texts, all "" when it is not paused}, then the number of confirmations, the number of dead
-- letters, and the counters as name, value, name, value ...
--
-- uses: clock pause

local now = now_ms()
local reply = {}
for i = 1, 3 do
  local summary = redis.pcall('XPENDING', KEYS[i], ARGV[i])
  if summary.err and not string.find(summary.err, 'NOGROUP', 1, true) then
    return summary
  end
  local age = 0
  local oldest = redis.call('XRANGE', KEYS[i], '-', '+', 'COUNT', 1)[1]
  if oldest then
    age = math.max(now - tonumber(string.match(oldest[1], '^%d+')), 0)
  end
  reply[#reply + 1] = redis.call('XLEN', KEYS[i])
  reply[#reply + 1] = summary[1] or 0
  reply[#reply + 1] = age
  -- Refused where the stream does not exist yet.
  local info, added = redis.pcall('XINFO', 'STREAM', KEYS[i]), 0
  for j = 1, #info, 2 do
    if info[j] == 'entries-added' then
      added = info[j + 1]
    end
  end
  reply[#reply + 1] = added
  for _, value in ipairs(pause_of(KEYS[6 + i])) do
    reply[#reply + 1] = value
  end
end
reply[#reply + 1] = redis.call('XLEN', KEYS[4])
reply[#reply + 1] = redis.call('XLEN', KEYS[5])
for _, value in ipairs(redis.call('HGETALL', KEYS[6])) do
  reply[#reply + 1] = value
end
return reply
