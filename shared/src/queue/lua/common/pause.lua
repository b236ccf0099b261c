-- Whether a stream is paused. While it is, its bell counts as rung, so that nobody is woken to find nothing to do. The mark stands for
-- a minute at most and never longer than the pause: one that got lost otherwise than by resume.lua does not silence a stream. Uses clock.
local function is_paused(pause, bell)
  if redis.call('HEXISTS', pause, 'since') == 0 then
    return false
  end
  local ends = tonumber(redis.call('HGET', pause, 'until') or 0) or 0
  local hold = ends > 0 and math.min(ends - now_ms(), 60000) or 60000
  redis.call('SET', bell, '1', 'PX', string.format('%.0f', math.max(hold, 1)))
  return true
end
