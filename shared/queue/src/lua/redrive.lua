-- Puts one dead letter back into the stream where it failed, and deletes it. ARGV[4] is its entry
-- id.
--
-- Crash window: none inside. A second call finds no dead letter and writes nothing.
-- If another copy is routed or confirmed, the message is not put into a lane again.
--
-- Returns {outcome, stream, entry id there, redrives with this one}. Outcomes: "redriven",
-- "duplicate", "gone", "no_message", "unknown_stream"; only the first has the other values, only
-- the first two change anything.
--
-- keys: format index index:previous dead-letters totals streams bells
-- settings: message id bell_ms
-- uses: record

open_format()
local letter = run('XRANGE', DEAD_LETTERS, ARGV[4], ARGV[4])[1]
if not letter then
  return {'gone', '', '', 0}
end
local found, to = fields_of(letter), nil
for number = 1, COUNT do
  local of = stream_of(number)
  to = of.name == found.stream and of or to
end
if not found[MESSAGE] or not to then
  return {to and 'no_message' or 'unknown_stream', '', '', 0}
end
run('XDEL', DEAD_LETTERS, '0-0')

local id, is_lane = found[ID], to.number > 1
local record = id and look_up({id})[id]
local state = record and string.match(record, '^%S+')
if is_lane and (state == 'routed' or state == 'confirmed') then
  count(TOTALS, 'duplicates', 1)
  run('HSET', INDEX, id, remember(record, 'duplicate', ARGV[4], found, string.format('%.0f', now())))
  run('XDEL', DEAD_LETTERS, ARGV[4])
  return {'duplicate', '', '', 0}
end

-- Any producer may have written the dead letter, so only single words may get into the record.
local ingress, entry = string.match(found.ingress or '', '^%d+%-%d+$') or '-', nil
local trace = string.match(found.traceparent or '', '^%x+%-%x+%-%x+%-%x+$')
local _, _, _, lane, routed, redrives, note, _, history = string.match(record or '', RECORD)
redrives = (tonumber(redrives or found.redrives) or 0) + 1
count(TOTALS, 'redriven', 1)
if is_lane then
  entry = add(to.key, trace and ingress .. ' ' .. trace or ingress, found[MESSAGE])
  count(TOTALS, 'waiting_' .. to.name, 1)
  lane, routed = to.name, entry
else
  local fields = {MESSAGE, found[MESSAGE], 'redrives', redrives}
  for _, name in ipairs({'traceparent', 'fields'}) do
    if found[name] then
      fields[#fields + 1], fields[#fields + 2] = name, found[name]
    end
  end
  entry = add(to.key, unpack(fields))
  ingress = entry
end
if id then
  -- A copy that waits, was ever routed, or is confirmed keeps its state.
  if is_lane or (state ~= 'queued' and state ~= 'confirmed' and (lane or '-') == '-') then
    record = table.concat({is_lane and 'routed' or 'queued', entry, ingress, is_lane and lane or '-',
      is_lane and routed or '-', redrives, note or '-', trace or '-'}, ' ') .. (history or '')
  end
  run('HSET', INDEX, id, remember(record, 'redriven', ARGV[4], found, entry))
end
run('XDEL', DEAD_LETTERS, ARGV[4])
ring(to, KEYS[BELLS + to.number])
return {'redriven', to.name, entry, redrives}
