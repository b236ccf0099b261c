-- Frees what is past retention: results, and the older generation of the index. A message's record
-- therefore lives for one to two retentions. Returns how many results were dropped, and what was
-- refused.
local function free(now_ms, is_thorough)
  local retention_ms = tonumber(RETENTION_MS)
  local oldest, refused = string.format('%.0f', math.max(now_ms - retention_ms, 0)), ''
  local function try(...)
    local reply = redis.pcall(...)
    if type(reply) == 'table' and reply.err then
      refused = reply.err
      return nil
    end
    return reply
  end
  -- "~" drops only whole nodes, at most 10,000 entries. The rest of the oldest node is dropped when
  -- no whole node is.
  local dropped = try('XTRIM', RESULTS, 'MINID', '~', oldest)
  if is_thorough and dropped == 0 then
    dropped = try('XTRIM', RESULTS, 'MINID', oldest)
  end
  local rotated = tonumber(try('HGET', FORMAT, 'rotated_ms'))
  local is_due = rotated and now_ms - rotated >= retention_ms
  -- The time is written first: rotating twice would drop records that are still needed.
  if (is_due or not rotated or now_ms < rotated)
    and try('HSET', FORMAT, 'rotated_ms', string.format('%.0f', now_ms)) and is_due then
    local size = try('HLEN', INDEX)
    if not (size and try('UNLINK', PREVIOUS) and (size == 0 or try('RENAME', INDEX, PREVIOUS))) then
      try('HSET', FORMAT, 'rotated_ms', string.format('%.0f', rotated))
    end
  end
  return tonumber(dropped) or 0, refused
end
