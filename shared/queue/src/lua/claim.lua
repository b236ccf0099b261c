-- Hands out the next batch of a stream: one overdue entry alone, or new entries. A paused stream
-- hands out nothing.
--
-- Overdue entries come first and one by one, so that a message that crashes its instance affects no
-- other. An overdue entry of a lane that holds several messages is split into one entry for each.
-- One claim splits at most 20, because a script blocks every other client. Crash window: entries
-- that were handed out stay pending until a commit acks them, or until they are overdue.
--
-- ARGV[6]   most messages     ARGV[7]  longest message in bytes; of a longer one only its length
--           is handed out
-- ARGV[8]  1 for the first claim of a drain
-- ARGV[9]  when the stream is empty, for how many ms the bell stays silent (0: it can be rung at
--           once)
--
-- Returns {time in Unix ms, ms since the last claim that handed something out or a tick after it,
-- entries that vanished while pending, entries that were split, delivery count of all that is handed
-- out, the first delivery is 1}, then a row of three for each message:
--   entry id, "" for the same entry as the row before;
--   entry id in ingress and, after a blank, traceparent, "" for the entry's own id without a trace;
--   message, or its length if it is too long, or -1 if the entry has none or several
--
-- keys: format totals metrics bell pause unanswered streams
-- settings: message stream consumer bell_ms claim_idle_ms
-- flags: allow-oom
-- uses: limits

local stream = stream_of(tonumber(STREAM))
local MOST_SPLITS = 20
open_format()
local most, longest, is_ingress = tonumber(ARGV[6]), tonumber(ARGV[7]), stream.number == 1
local now_ms = now()
local clock_field = 'clock_ms:' .. stream.name
local since_ms = now_ms - (tonumber(run('HGET', FORMAT, clock_field)) or 0)
local reply, handed_out, values, bytes = {now_ms, since_ms, 0, 0, 1}, 0, 5, 0
if is_paused() then
  return reply
end
-- A claim answers all rings so far. Messages enqueued from now on ring again.
redis.pcall('DEL', UNANSWERED)
if ARGV[8] == '1' then
  redis.pcall('DEL', BELL)
end

local function row(id, label, message)
  if not message or #message > longest then
    message = message and #message or -1
  end
  reply[values + 1], reply[values + 2], reply[values + 3] = id, label, message
  handed_out, values = handed_out + 1, values + 3
end

local function hand_out(id, fields)
  bytes = bytes + size_of(fields)
  if is_ingress then
    local message, messages, label = nil, 0, ''
    for i = 1, #fields, 2 do
      if fields[i] == MESSAGE then
        message, messages = fields[i + 1], messages + 1
      elseif fields[i] == 'traceparent' and #fields[i + 1] <= 512 then
        label = id .. ' ' .. fields[i + 1]
      end
    end
    return row(id, label, messages == 1 and message)
  end
  for i = 1, #fields, 2 do
    row(i == 1 and id or '', #fields[i] <= 600 and fields[i] or '', fields[i + 1])
  end
end

local function split(id, fields)
  run('XDEL', stream.key, '0-0')
  count(TOTALS, 'entries_' .. stream.name, 1)
  for i = 1, #fields, 2 do
    add(stream.key, fields[i], fields[i + 1])
  end
  run('XACK', stream.key, GROUP, id)
  run('XDEL', stream.key, id)
  -- The parts are handed out as new entries, and a later failure must not undo them.
  added, undo = {}, {}
  reply[4] = reply[4] + 1
end

local function overdue()
  local found = redis.pcall('XPENDING', stream.key, GROUP, 'IDLE', CLAIM_IDLE_MS, '-', '+', '1')
  if found.err and string.find(found.err, 'NOGROUP', 1, true) then
    run('XGROUP', 'CREATE', stream.key, GROUP, '0', 'MKSTREAM')
    return nil
  elseif found.err then
    fail(found.err, 'XPENDING', stream.key)
  end
  return found[1]
end

local found = overdue()
while found and reply[4] < MOST_SPLITS do
  local entry = run('XCLAIM', stream.key, GROUP, CONSUMER, CLAIM_IDLE_MS, found[1])[1]
  if not entry then
    -- XCLAIM removes an entry that was deleted from the stream from the pending list.
    reply[3] = reply[3] + 1
  elseif not is_ingress and #entry[2] > 2 then
    split(entry[1], entry[2])
  else
    reply[5] = found[4] + 1
    hand_out(entry[1], entry[2])
    measure('redelivered:' .. stream.name, 1)
    break
  end
  found = overdue()
end

-- The parts are handed out even if further entries must be split.
while (not found or reply[4] == MOST_SPLITS) and handed_out < most and bytes < MOST_BYTES do
  -- An entry of a lane holds up to a whole batch.
  local at_most = is_ingress and math.min(MOST_READ, most - handed_out) or 1
  local read = run('XREADGROUP', 'GROUP', GROUP, CONSUMER, 'COUNT', at_most, 'STREAMS', stream.key, '>')
  if not read then
    break
  end
  local read_entries = read[1][2]
  for i = 1, #read_entries do
    hand_out(read_entries[i][1], read_entries[i][2])
  end
  if is_ingress and #read_entries < at_most then
    break
  end
end

if found or handed_out >= most or bytes >= MOST_BYTES then
  -- More may wait, so another drain must claim even if this one crashes. Nobody was rung behind a
  -- bell that a drain keeps silent.
  if redis.pcall('GET', BELL) == HELD then
    redis.pcall('DEL', BELL)
  end
  ring(stream, BELL)
elseif handed_out == 0 and ARGV[9] ~= '0' then
  redis.pcall('SET', BELL, HELD, 'PX', ARGV[9])
elseif handed_out == 0 then
  -- Reading the stream and clearing the bell are one step, so no ring in between is lost.
  redis.pcall('DEL', BELL)
end
if handed_out > 0 and since_ms > 0 then
  -- By this time a tick detects that the clock has stepped back.
  redis.pcall('HSET', FORMAT, clock_field, string.format('%.0f', now_ms))
end
if handed_out > 0 and ARGV[8] == '1' then
  measure('drains:' .. stream.name, 1)
end
return reply
