-- Ends the stream's pause and rings its bell, whether it was paused or not.
--
-- Returns {1 if it was paused, else 0}.
--
-- keys: format totals bell pause streams
-- settings: stream bell_ms
-- flags: allow-oom

local stream = stream_of(tonumber(STREAM))
open_format()
local was_paused = run('DEL', PAUSE)
redis.pcall('DEL', BELL)
ring(stream, BELL)
return {was_paused}
