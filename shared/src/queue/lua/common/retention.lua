-- Drops confirmations that were kept for long enough; one call drops 10,000 at most. Returns how many. Uses clock.
local function drop_old(confirmations, retention_ms)
  local oldest = math.max(now_ms() - tonumber(retention_ms), 0)
  return redis.call('XTRIM', confirmations, 'MINID', '~', string.format('%.0f', oldest))
end
