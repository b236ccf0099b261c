-- Pauses a stream: from now on none of its entries is handed out, new or overdue, until it is resumed or the pause ends by itself.
-- What is in flight is committed as ever. A stream that is paused keeps since when; all else is as this call says.
--
-- KEYS[1]  the stream's pause     KEYS[2]  its bell
-- ARGV[1]  why                    ARGV[2]  who says so, or ""
-- ARGV[3]  after how many ms it ends by itself; 0 for never
--
-- Returns {since, until, why, who}; both times in Unix ms as texts, until 0 for never.
--
-- uses: clock pause

local now, ends = now_ms(), 0
redis.call('HSETNX', KEYS[1], 'since', string.format('%.0f', now))
if tonumber(ARGV[3]) > 0 then
  ends = now + tonumber(ARGV[3])
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
else
  redis.call('PERSIST', KEYS[1])
end
redis.call('HSET', KEYS[1], 'reason', ARGV[1], 'by', ARGV[2], 'until', string.format('%.0f', ends))
is_paused(KEYS[1], KEYS[2])
return redis.call('HMGET', KEYS[1], 'since', 'until', 'reason', 'by')
