-- The newest entries of all streams, up to ARGV[3] of each.
--
-- Returns a row of six for each message, newest first within a stream:
--   number of the stream, 0 for results, -1 for dead letters; entry id; id, "" if unknown; record,
--   "" if unknown; entry id in ingress or code of the dead letter; message, "" if it is no longer
--   waiting or longer than ARGV[4]
--
-- keys: format index index:previous results dead-letters streams
-- settings: message id
-- flags: no-writes
-- uses: record limits

check_format()
local most, longest, reply, rows = tonumber(ARGV[3]), tonumber(ARGV[4]), {}, 0
local function row(...)
  rows = rows + 1
  for _, value in ipairs({...}) do
    reply[#reply + 1] = value
  end
end
local function text(value)
  return value and #value <= longest and value or ''
end
for number = -1, COUNT do
  local key = number > 0 and stream_of(number).key or number == 0 and RESULTS or DEAD_LETTERS
  local bytes, from = 0, '+'
  rows = 0
  -- One by one: an entry of a lane holds up to a whole batch.
  while rows < most and bytes < MOST_BYTES do
    local entry = run('XREVRANGE', key, from, '-', 'COUNT', 1)[1]
    if not entry then
      break
    end
    bytes, from = bytes + size_of(entry[2]), '(' .. entry[1]
    if number > 1 then
      for i = 1, math.min(#entry[2], 2 * (most - rows)), 2 do
        row(number, entry[1], '', '', string.match(entry[2][i], '^%S*'), text(entry[2][i + 1]))
      end
    elseif number == 1 then
      row(number, entry[1], '', '', entry[1], text(fields_of(entry)[MESSAGE]))
    else
      local found = fields_of(entry)
      local id = found[ID] or ''
      row(number, entry[1], id, id ~= '' and look_up({id})[id] or '', found.code or '', '')
    end
  end
end
return reply
