-- Pauses the stream: claims hand out nothing and bells stay silent until it is resumed. Claimed
-- batches are committed as usual. ARGV[9] is the reason. A stream that is already paused keeps its
-- time.
--
-- Returns {"<since in Unix ms> <reason>"}.
--
-- flags: allow-oom

open_format()
local since = string.match(run('GET', stream.pause) or '', '^%d+') or string.format('%.0f', now_ms)
run('SET', stream.pause, since .. ' ' .. ARGV[9])
is_paused(stream)
return {since .. ' ' .. ARGV[9]}
