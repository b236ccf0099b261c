-- Pauses the stream: claims hand out nothing and bells stay silent until it is resumed. Claimed
-- batches are committed as usual. ARGV[2] is the reason. A stream that is already paused keeps its
-- time.
--
-- Returns {"<since in Unix ms> <reason>"}.
--
-- keys: format totals bell pause streams
-- settings: stream
-- flags: allow-oom

local stream = stream_of(tonumber(STREAM))
open_format()
local since = string.match(run('GET', PAUSE) or '', '^%d+') or string.format('%.0f', now())
run('SET', PAUSE, since .. ' ' .. ARGV[2])
is_paused()
return {since .. ' ' .. ARGV[2]}
