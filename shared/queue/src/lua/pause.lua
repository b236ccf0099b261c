-- Pauses the stream: claims hand out nothing and bells stay silent until it is resumed. Claimed
-- batches are committed as usual. ARGV[1] is the reason. A stream that is already paused keeps its
-- time.
--
-- Returns {"<since in Unix ms> <reason>"}.
--
-- keys: format totals bell pause streams
-- flags: allow-oom

open_format()
local since = string.match(run('GET', PAUSE) or '', '^%d+') or string.format('%.0f', now())
run('SET', PAUSE, since .. ' ' .. ARGV[1])
is_paused()
return {since .. ' ' .. ARGV[1]}
