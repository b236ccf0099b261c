-- Adds messages to ingress, all or none, and rings its bell.
--
-- ARGV[3]   most messages that may wait in all streams together; 0 for no limit
-- ARGV[4]  their trace as W3C traceparent, "" for none
-- ARGV[5..] id and message of each
--
-- Returns {1, backlog afterwards} or, when they do not fit, {0, backlog}.
--
-- keys: format index index:previous totals bell streams
-- settings: message bell_ms
-- uses: record waiting

open_format()
local ingress, most, trace, ids = stream_of(1), tonumber(ARGV[3]), ARGV[4], {}
for at = 5, #ARGV, 2 do
  ids[#ids + 1] = ARGV[at]
end
local backlog = run('XLEN', ingress.key)
for number = 2, COUNT do
  backlog = backlog + waiting_in(stream_of(number))
end
if most > 0 and backlog + #ids > most then
  return {0, backlog}
end
local records, set = look_up(ids), {}
-- Needs no count: if Redis refuses HSET and HINCRBY, undone entries are only reported as vanished.
run('XDEL', ingress.key, '0-0')
for i, id in ipairs(ids) do
  local message, entry = ARGV[4 + 2 * i]
  if trace == '' then
    entry = add(ingress.key, MESSAGE, message)
  else
    entry = add(ingress.key, MESSAGE, message, 'traceparent', trace)
  end
  -- Only the first copy of a message creates a record, because a later one must not reset a
  -- confirmed message.
  if not records[id] then
    records[id] = ''
    set[#set + 1] = id
    set[#set + 1] = 'queued ' .. entry .. ' ' .. entry .. ' - - 0 - ' .. (trace == '' and '-' or trace)
  end
end
for i = 1, #set, 5000 do
  run('HSET', INDEX, unpack(set, i, math.min(i + 4999, #set)))
end
if #ids > 0 then
  ring(ingress, BELL)
end
return {1, backlog + #ids}
