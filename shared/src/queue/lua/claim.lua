-- Hands out the next batch of a stream: one overdue entry alone, or new entries. While the stream is paused, nothing.
--
-- Overdue entries come first and one by one, so that an order which kills its instance takes no other order with it.
-- Crash window: what is handed out here stays pending until a commit acks it, or until it is overdue.
--
-- KEYS[1]  the stream
-- KEYS[2]  its bell                KEYS[3]  its pause
-- KEYS[4]  metrics
-- ARGV[1]  the consumer group     ARGV[2]  the consumer
-- ARGV[3]  the most entries       ARGV[4]  idle time in ms after which a pending entry is overdue
-- ARGV[5]  the longest order in bytes; longer ones are handed out without their text
-- ARGV[6]  the bell's channel     ARGV[7]  how long a ring counts, in ms
-- ARGV[8]  1 for the first claim of a drain
-- ARGV[9]  the stream's short name, for metrics
-- ARGV[10] 1 if new entries may be left to a plain XREADGROUP
--
-- Returns {vanished, time in Unix ms, traced, plain}, then for each entry five values: entry id, delivery count (the first delivery is 1),
-- entry id the order had in ingress, length of the order in bytes (-1: the entry has no field "order"), order; then for each of
-- the entries that are traced two: its number, from 1; traceparent. "vanished" counts entries that were deleted by somebody
-- while they were pending. "plain" is 1 when many new entries wait and none is handed out here: they are to be read by an
-- XREADGROUP of its own. Lua hashes every byte that passes through it, which is the dearest way to read a long batch.
--
-- Counts drains that found work, and what was redelivered or had vanished, where it happens: also when the drain dies.
--
-- uses: clock pause

local stream, bell, group, consumer = KEYS[1], KEYS[2], ARGV[1], ARGV[2]
local idle, longest = ARGV[4], tonumber(ARGV[5])
local reply, traces = {0, now_ms(), 0, 0}, {}
-- From how many entries on a round trip more is cheaper than Lua.
local PLAIN_FROM = 16
-- The longest entry id has 41 characters. What is longer than this is none, and may be longer than a reply can be.
local LONGEST_INGRESS = 64

if is_paused(KEYS[3], bell) then
  return reply
end

local function hand_out(entry, delivery_count)
  local id, fields = entry[1], entry[2]
  local order, ingress, trace
  for i = 1, #fields, 2 do
    if fields[i] == 'order' then
      order = fields[i + 1]
    elseif fields[i] == 'ingress' and #fields[i + 1] <= LONGEST_INGRESS then
      ingress = fields[i + 1]
    elseif fields[i] == 'traceparent' then
      trace = fields[i + 1]
    end
  end
  local length = order and #order or -1
  if length < 0 or length > longest then
    order = ''
  end
  local n = #reply
  reply[n + 1], reply[n + 2], reply[n + 3], reply[n + 4], reply[n + 5] = id, delivery_count, ingress or id, length, order
  -- What is longer than a trace context is none: level 1 of the recommendation has 55 characters, later ones may have more.
  if trace and #trace <= 512 then
    traces[#traces + 1], traces[#traces + 2] = (n + 1) / 5, trace
  end
end

-- What is measured holds up no order: a hash that is broken must not fail a claim that has handed out.
local function count(what, by)
  redis.pcall('HINCRBY', KEYS[4], what .. ':' .. ARGV[9], by)
end

-- The reply, with what is traced behind the entries.
local function finish()
  if reply[1] > 0 then
    count('vanished', reply[1])
  end
  if ARGV[8] == '1' and (#reply > 4 or reply[4] == 1) then
    count('drains', 1)
  end
  reply[3] = #traces / 2
  for i = 1, #traces do
    reply[#reply + 1] = traces[i]
  end
  return reply
end

-- Somebody must look again after this drain, even if it dies: with this batch the stream may not be empty.
local function ring()
  if redis.call('SET', bell, '1', 'NX', 'PX', ARGV[7]) then
    redis.call('PUBLISH', ARGV[6], '')
  end
end

-- What is enqueued from now on rings again: the ring that started this drain has been heard.
if ARGV[8] == '1' then
  redis.call('DEL', bell)
end

local overdue = redis.pcall('XPENDING', stream, group, 'IDLE', idle, '-', '+', 1)
if overdue.err then
  if not string.find(overdue.err, 'NOGROUP', 1, true) then
    return overdue
  end
  redis.call('XGROUP', 'CREATE', stream, group, '0', 'MKSTREAM')
  overdue = {}
end
while overdue[1] do
  local id, delivery_count = overdue[1][1], overdue[1][4]
  local claimed = redis.call('XCLAIM', stream, group, consumer, idle, id)
  if claimed[1] then
    hand_out(claimed[1], delivery_count + 1)
    count('redelivered', 1)
    ring()
    return finish()
  end
  -- XCLAIM drops an entry from the pending list when the stream no longer has it.
  reply[1] = reply[1] + 1
  overdue = redis.call('XPENDING', stream, group, 'IDLE', idle, '-', '+', 1)
end

-- Whether the next batch is many entries, and surely not more bytes than as many orders of the greatest length: a plain read hands
-- out an entry whole, however long it is.
local function is_for_plain_read()
  local most, pending = tonumber(ARGV[3]), redis.call('XPENDING', stream, group)[1]
  local length = redis.call('XLEN', stream)
  if math.min(length - pending, most) < PLAIN_FROM then
    return false
  end
  -- Each node of the stream holds an entry at least, so this many nodes hold what is pending, this batch, and one that another drain
  -- reads meanwhile.
  local nodes = pending + 2 * most
  local bytes = redis.pcall('MEMORY', 'USAGE', stream, 'SAMPLES', nodes)
  if type(bytes) ~= 'number' then
    return false
  end
  if length > nodes then
    -- Of a longer stream it is what all nodes take if they are like the first.
    local info = redis.call('XINFO', 'STREAM', stream)
    for i = 1, #info, 2 do
      if info[i] == 'radix-tree-keys' and info[i + 1] > nodes then
        bytes = bytes / (info[i + 1] - 1) * nodes
      end
    end
  end
  if bytes > most * longest then
    return false
  end
  if length - pending >= most then
    ring()
  end
  return true
end

if ARGV[10] == '1' and is_for_plain_read() then
  reply[4] = 1
  return finish()
end

local read = redis.call('XREADGROUP', 'GROUP', group, consumer, 'COUNT', ARGV[3], 'STREAMS', stream, '>')
if not read then
  -- Looking and clearing the bell is one step here: nothing can be enqueued between the two and go unheard.
  redis.call('DEL', bell)
  return finish()
end
local entries = read[1][2]
for i = 1, #entries do
  hand_out(entries[i], 1)
end
if #entries == tonumber(ARGV[3]) then
  ring()
end
return finish()
