-- Reads a range of the dead letters, oldest first, and returns those that match.
--
-- ARGV[3..4]  where to begin and to end, as XRANGE takes it
-- ARGV[5]     how many to look at               ARGV[6]  how many to hand out
-- ARGV[7]     code to look for, "" for any      ARGV[8]  id to look for, "" for any
-- ARGV[9]     minimum age in ms, "" for any     ARGV[10]  longest text to hand out in bytes
--
-- Returns {entry id to go on after, or "" at the end} and for each letter twelve values: entry id,
-- code, errors as JSON, stream, ingress, delivery count, redrives, id, traceparent, length of the
-- message in bytes (-1: none), message, other fields as JSON. What is absent is "".
--
-- keys: format dead-letters streams
-- settings: message id
-- flags: no-writes
-- uses: record limits

check_format()
local to, looks, most, longest = ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[10])
if ARGV[9] ~= '' and to == '+' then
  to = string.format('%.0f', math.max(now() - tonumber(ARGV[9]), 0))
end
local function text(value)
  return value and #value <= longest and value or ''
end

local reply, handed_out, looked, bytes, from = {''}, 0, 0, 0, ARGV[3]
local function look_at(entry)
  local found = fields_of(entry)
  if (ARGV[7] == '' or found.code == ARGV[7]) and (ARGV[8] == '' or found[ID] == ARGV[8]) then
    reply[#reply + 1] = entry[1]
    for _, name in ipairs({'code', 'errors', 'stream', 'ingress', 'delivery_count', 'redrives', ID,
      'traceparent'}) do
      reply[#reply + 1] = found[name] or ''
    end
    reply[#reply + 1] = found[MESSAGE] and #found[MESSAGE] or -1
    reply[#reply + 1], reply[#reply + 2] = text(found[MESSAGE]), text(found.fields)
    handed_out = handed_out + 1
  end
  looked, bytes, from = looked + 1, bytes + size_of(entry[2]), '(' .. entry[1]
end

while true do
  local page = run('XRANGE', DEAD_LETTERS, from, to, 'COUNT', MOST_READ)
  for _, entry in ipairs(page) do
    look_at(entry)
    if handed_out == most or looked == looks or bytes >= MOST_BYTES then
      reply[1] = entry[1]
      return reply
    end
  end
  if #page < MOST_READ then
    return reply
  end
end
