-- Messages that wait in a lane or are in flight there. An entry holds many, so a counter is kept.
-- It does not see entries that other programs add or delete, so the lane's length is its minimum.
local function waiting_in(lane)
  local length = run('XLEN', lane.key)
  if length == 0 then
    return 0, 0
  end
  local waiting = run('HGET', TOTALS, 'waiting_' .. lane.name) or ''
  waiting = #waiting < 16 and tonumber(string.match(waiting, '^%d+$')) or 0
  return math.max(waiting, length), length
end
