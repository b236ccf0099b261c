-- Ends the stream's pause and rings its bell, whether it was paused or not.
--
-- Returns {1 if it was paused, else 0}.
--
-- flags: allow-oom

open_format()
local was_paused = run('DEL', stream.pause)
redis.pcall('DEL', stream.bell)
ring(stream)
return {was_paused}
