-- Pauses a stream: no claim that begins from now on hands out any of its entries, new or overdue, until it is resumed or the pause
-- ends by itself. What is in flight is committed as ever. A stream that is paused keeps since when; all else is as this call says.
--
-- KEYS[1]  the stream's pause     KEYS[2]  its bell
-- ARGV[1]  why                    ARGV[2]  who says so, or ""
-- ARGV[3]  after how many ms it ends by itself; 0 for never
--
-- Returns {since, until, why, who}; both times in Unix ms as texts, until 0 for never.
--
-- uses: clock pause

local now, ends = now_ms(), 0
if tonumber(ARGV[3]) > 0 then
  ends = now + tonumber(ARGV[3])
end
local since = pause_of(KEYS[1])[1]
if since == '' then
  since = string.format('%.0f', now)
end
-- One entry, whose id says since when: so it is made anew.
redis.call('DEL', KEYS[1])
redis.call('XADD', KEYS[1], since .. '-0', 'reason', ARGV[1], 'by', ARGV[2], 'until', string.format('%.0f', ends))
if ends > 0 then
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
is_paused(KEYS[1], KEYS[2])
return pause_of(KEYS[1])
