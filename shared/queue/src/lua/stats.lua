-- Counts the contents of the streams at one moment.
--
-- Returns for each stream {entries, messages, pending entries, age of the oldest entry in ms,
-- entries ever added, pause as "<since in Unix ms> <reason>" or ""}, then how many results and dead
-- letters are kept, then the totals as name, value, name, value ...
--
-- keys: format results dead-letters totals streams pauses
-- flags: no-writes
-- uses: waiting

check_format()
local now_ms, reply = now(), {}
for number = 1, COUNT do
  local of = stream_of(number)
  local messages, length = waiting_in(of)
  local summary = redis.pcall('XPENDING', of.key, GROUP)
  if summary.err and not string.find(summary.err, 'NOGROUP', 1, true) then
    fail(summary.err, 'XPENDING', of.key)
  end
  local oldest = run('XRANGE', of.key, '-', '+', 'COUNT', 1)[1]
  local since = oldest and tonumber(string.match(oldest[1], '^%d+')) or now_ms
  local pause = run('GET', KEYS[PAUSES + number])
  for _, value in ipairs({length, number == 1 and length or messages, summary[1] or 0,
    math.max(now_ms - since, 0), entries_added(of) or 0, pause == '' and '0 ' or pause or ''}) do
    reply[#reply + 1] = value
  end
end
reply[#reply + 1], reply[#reply + 2] = run('XLEN', RESULTS), run('XLEN', DEAD_LETTERS)
for _, value in ipairs(run('HGETALL', TOTALS)) do
  reply[#reply + 1] = value
end
return reply
