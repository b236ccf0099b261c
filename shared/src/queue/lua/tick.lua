-- Rings a stream's bell if there is work that nobody is at: entries waiting, or overdue. A paused stream is not rung. Drops
-- confirmations past retention.
--
-- Pub/sub is at most once, so a bell can be lost; whoever calls this regularly bounds how long that matters.
--
-- KEYS[1]  the stream               KEYS[2]  its bell        KEYS[3]  confirmations     KEYS[4]  its pause
-- ARGV[1]  the consumer group       ARGV[2]  idle time in ms after which a pending entry is overdue
-- ARGV[3]  the bell's channel       ARGV[4]  how long a ring counts, in ms
-- ARGV[5]  how long a confirmation is kept, in ms
--
-- Returns {waiting, pending, overdue (0 or 1), rung (0 or 1), confirmations dropped, paused (0 or 1)}.
--
-- uses: clock pause retention

local length = redis.call('XLEN', KEYS[1])
local pending, overdue = 0, 0
local summary = redis.pcall('XPENDING', KEYS[1], ARGV[1])
if summary.err then
  -- No group yet: nothing was ever delivered, all that is there is waiting.
  if not string.find(summary.err, 'NOGROUP', 1, true) then
    return summary
  end
else
  pending = summary[1]
end
if pending > 0 and redis.call('XPENDING', KEYS[1], ARGV[1], 'IDLE', ARGV[2], '-', '+', 1)[1] then
  overdue = 1
end
local waiting, rung = math.max(length - pending, 0), 0
local paused = is_paused(KEYS[4], KEYS[2]) and 1 or 0
if paused == 0 and (waiting > 0 or overdue > 0) and redis.call('SET', KEYS[2], '1', 'NX', 'PX', ARGV[4]) then
  redis.call('PUBLISH', ARGV[3], '')
  rung = 1
end

-- Commits do the same; after a burst nobody commits, and its confirmations would stay.
return {waiting, pending, overdue, rung, drop_old(KEYS[3], ARGV[5]), paused}
