-- Ends a stream's pause and rings its bell, whether it was paused or not: what waits is begun at once.
--
-- Crash window: none inside. A ring that nobody hears is made good by the next tick, as any other.
--
-- KEYS[1]  the stream's pause     KEYS[2]  its bell
-- ARGV[1]  the bell's channel     ARGV[2]  how long a ring counts, in ms
--
-- Returns {1 when it was paused, else 0}.

local was_paused = redis.call('DEL', KEYS[1])
-- During the pause the bell counted as rung.
redis.call('SET', KEYS[2], '1', 'PX', ARGV[2])
redis.call('PUBLISH', ARGV[1], '')
return {was_paused}
