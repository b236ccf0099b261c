-- The common part of all scripts: streams, the format check, and writes that are undone together.
--
-- A script lists its keys and settings in the order of the call. `build.rs` makes a name of each,
-- PREVIOUS of `index:previous`. Keys of the queue come first, then those of the stream that the
-- call is about. The last are lists with one key per stream, ingress first: KEYS[BELLS + number] is
-- the bell of stream `number`, KEYS[STREAMS + number] the stream itself. COUNT is how many there
-- are.
--
-- The setting `stream` is a number from 1; `message`, `id` and `result` are field names.
local GROUP, VERSION = 'workers', '2'

-- FORMAT without the braces and ":format".
local QUEUE = string.sub(FORMAT, 2, -9)

local function stream_of(number)
  local key = KEYS[STREAMS + number]
  return {number = number, key = key, name = string.sub(key, #QUEUE + 4)}
end

-- Redis does not roll a script back. So every write that must succeed uses `run`. If Redis refuses
-- one, the earlier writes are undone and the caller gets the error.
local added, undo = {}, {}
local function fail(text, command, key)
  for of, ids in pairs(added) do
    for i = 1, #ids, 5000 do
      redis.pcall('XDEL', of, unpack(ids, i, math.min(i + 4999, #ids)))
    end
    redis.pcall('HINCRBY', TOTALS, 'undone_' .. string.match(of, '[^:]*$'), #ids)
  end
  for i = #undo, 1, -1 do
    redis.pcall(unpack(undo[i]))
  end
  error({err = text .. ' (' .. command .. ' ' .. tostring(key) .. ')'})
end

local function run(command, key, ...)
  local reply = redis.pcall(command, key, ...)
  if type(reply) == 'table' and reply.err then
    fail(reply.err, command, key)
  end
  return reply
end

-- Unix ms.
local function now()
  local time = redis.pcall('TIME')
  if time.err then
    fail(time.err, 'TIME')
  end
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- XADD. XDEL and a count undo it. So a script uses both before: XDEL on an id that no entry has,
-- and a count that it needs anyway.
local function add(key, ...)
  local id, ids = redis.pcall('XADD', key, '*', ...), added[key] or {}
  if type(id) == 'table' then
    fail(id.err, 'XADD', key)
  end
  ids[#ids + 1], added[key] = id, ids
  return id
end

-- HINCRBY by more than 0. Redis formats numbers slowly, so the most frequent one is text.
local function count(key, field, by)
  if by > 0 then
    run('HINCRBY', key, field, by == 1 and '1' or by)
    undo[#undo + 1] = {'HINCRBY', key, field, -by}
  end
end

-- A metric must not block a message, so a refusal is ignored.
local function measure(what, by)
  redis.pcall('HINCRBY', METRICS, what, by)
end

-- The value of a bell that a drain keeps silent while it waits for more.
local HELD = 'held'

-- Rings a bell, once per bell_ms. Returns how many subscribers got the ring, nil if there was none.
local function ring(of, bell)
  local set = redis.pcall('SET', bell, '1', 'NX', 'PX', BELL_MS)
  if type(set) == 'table' and set.ok then
    return tonumber(redis.pcall('PUBLISH', QUEUE .. '.' .. of.name, '')) or 0
  end
end

-- Whether the stream is paused. Its bell then counts as rung, so that no worker starts in vain.
local function is_paused()
  if run('EXISTS', PAUSE) == 0 then
    return false
  end
  redis.pcall('SET', BELL, '1', 'PX', 60000)
  return true
end

-- A field of what XINFO says; nil if it says nothing.
local function field_of(info, name)
  for i = 1, #info, 2 do
    if info[i] == name then
      return info[i + 1]
    end
  end
end

-- Entries that were ever added to a stream; nil if the stream does not exist.
local function entries_added(of)
  return field_of(redis.pcall('XINFO', 'STREAM', of.key), 'entries-added')
end

-- Data of another version is refused before anything is written. Version 1 has no format key and
-- one entry per message in its lanes. Returns whether the queue is marked.
local function check_format()
  local found = run('HGET', FORMAT, 'version')
  if found == VERSION then
    return true
  end
  for number = 2, found and 1 or COUNT do
    found = run('XLEN', stream_of(number).key) > 0 and '1' or found
  end
  if found then
    error({err = 'FORMAT the queue holds data of format ' .. found .. ', this program reads format '
      .. VERSION .. ': drain it with the program that wrote it'})
  end
  return false
end

-- The same for scripts that write. Marks a new queue.
local function open_format()
  if not check_format() then
    -- Entries that version 1 added and acked do not count as vanished.
    for number = 1, COUNT do
      local of = stream_of(number)
      local ever = entries_added(of)
      if ever then
        run('HSET', TOTALS, 'entries_' .. of.name, ever - run('XLEN', of.key))
      end
    end
    run('HSET', FORMAT, 'version', VERSION, 'rotated_ms', string.format('%.0f', now()))
  end
end
