-- What stands in a pause: since, until, why, who, as texts; all "" where there is none.
local function pause_of(pause)
  local entry = redis.call('XRANGE', pause, '-', '+', 'COUNT', 1)[1]
  if not entry then
    return {'', '', '', ''}
  end
  local found = {}
  for i = 1, #entry[2], 2 do
    found[entry[2][i]] = entry[2][i + 1]
  end
  return {string.match(entry[1], '^%d+'), found['until'] or '', found.reason or '', found.by or ''}
end

-- Whether a stream is paused. While it is, its bell counts as rung, so that nobody is woken to find nothing to do. The mark stands for
-- a minute at most and never longer than the pause: one that got lost otherwise than by resume.lua does not silence a stream. Uses clock.
local function is_paused(pause, bell)
  if redis.call('XLEN', pause) == 0 then
    return false
  end
  local hold, ends = 60000, tonumber(pause_of(pause)[2]) or 0
  if ends > 0 then
    hold = math.max(math.min(ends - now_ms(), hold), 1)
  end
  redis.call('SET', bell, '1', 'PX', string.format('%.0f', hold))
  return true
end
