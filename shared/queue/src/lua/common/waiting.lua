-- Messages that wait in a lane or are in flight there. The count is kept, for an entry holds many;
-- entries that somebody adds or deletes by hand are not in it, so the lane's length bounds it.
local function waiting_in(lane)
  local length = run('XLEN', lane.key)
  local waiting = run('HGET', TOTALS, 'waiting_' .. lane.name) or ''
  waiting = #waiting < 16 and tonumber(string.match(waiting, '^%d+$')) or 0
  return length == 0 and 0 or math.max(waiting, length), length
end
