-- Applies the outcomes of a batch in the order of its entries, each once, and only for entries that
-- are still in the stream. If another drain had the same entry, it acked and deleted it in one
-- step.
--
-- All or nothing: if Redis refuses a write, the earlier writes are undone, the batch is pending
-- again, the delivery is not counted, and the caller gets the error.
-- Crash window: none inside. Ack, effect, index, totals and delete are one script.
--
-- ARGV[8]   deliveries of its entries before this one     ARGV[9]  how many entries
-- ARGV[10]  how many fields of metrics to raise
-- ARGV[11]  if the stream is empty afterwards, for how many ms its bell stays silent, because the
--           drain waits for more (0: it can be rung at once)
-- ARGV[12..]  the entry ids; then field and increment of each metric, for a batch that is applied
--             whole; then a row of five for each message:
--               "confirm", "dead" or the number of the stream to route to, with a "+" in front when
--               the message is of the same entry as the row before; id, "" if unknown;
--               entry id in ingress and, after a blank, traceparent, "" for the entry's own id
--               without a trace; confirm: "", result;  dead: code, errors as JSON;  route: note,
--               message
--
-- Returns {applied, superseded, routed, confirmed, dead-lettered, duplicates} in messages, whether
-- the stream is empty afterwards (0 or 1), and the numbers of the entries that were superseded.
--
-- keys: format index index:previous results dead-letters totals metrics bell pause streams bells
-- settings: message id result stream consumer bell_ms retention_ms
-- flags: allow-oom
-- uses: record free

local stream = stream_of(tonumber(STREAM))
local LANE_MESSAGES, LANE_BYTES = 200, 262144
local delivered, entries, metrics = ARGV[8], tonumber(ARGV[9]), tonumber(ARGV[10])
local rows_at, last = 12 + entries + 2 * metrics, 11 + entries

local back = {'XCLAIM', stream.key, GROUP, CONSUMER, '0', unpack(ARGV, 12, last)}
for _, word in ipairs({'FORCE', 'JUSTID', 'RETRYCOUNT', delivered}) do
  back[#back + 1] = word
end
undo[1] = back
open_format()
-- Tries the commands that the end of this script and its undoing need, on an id that no entry has.
run('XCLAIM', stream.key, GROUP, CONSUMER, '0', '0-0', 'JUSTID')
run('XDEL', stream.key, '0-0')

local ids = {}
for at = rows_at + 1, #ARGV, 5 do
  ids[#ids + 1] = ARGV[at]
end
local records = look_up(ids)

-- If all were pending, this drain owns all. Otherwise another drain committed the missing ones.
local superseded, superseded_numbers = {}, {}
if run('XACK', stream.key, GROUP, unpack(ARGV, 12, last)) < entries then
  for i = 1, entries do
    if not run('XRANGE', stream.key, ARGV[11 + i], ARGV[11 + i])[1] then
      superseded[i], superseded_numbers[#superseded_numbers + 1] = true, i
    end
  end
end

-- Comes before the first XADD, see `add`.
count(TOTALS, 'entries_' .. stream.name, entries - #superseded_numbers)

local set, lanes, dead_by_code, now_ms = {}, {}, {}, nil
local done = {applied = 0, superseded = 0, routed = 0, confirmed = 0, dead = 0, duplicates = 0}
local sets = 0
local function set_record(id, record)
  set[sets + 1], set[sets + 2], records[id] = id, record, record
  sets = sets + 2
end

-- Adds the messages collected for a lane as one entry.
local function forward(lane)
  local entry = add(lane.key, unpack(lane.fields))
  local middle = ' ' .. lane.name .. ' ' .. entry .. ' '
  for i = 1, #lane.ids do
    set_record(lane.ids[i], 'routed - ' .. lane.heads[i] .. middle .. lane.rests[i])
  end
  lane.fields, lane.ids, lane.heads, lane.rests, lane.bytes = {}, {}, {}, {}, 0
end

local function route(number, id, ingress, trace, note, message)
  local record, redrives, history = records[id], '0', ''
  if record then
    local state, lane, _
    state, _, _, lane, _, redrives, _, _, history = string.match(record, RECORD)
    redrives, history = redrives or '0', history or ''
    -- A valid copy replaces one that was dead-lettered before it was routed.
    if state and state ~= 'queued'
      and (lane ~= '-' or (state ~= 'dead-lettered' and state ~= 'discarded')) then
      done.duplicates = done.duplicates + 1
      return
    end
  end
  local lane = lanes[number]
  if not lane then
    lane = stream_of(tonumber(number))
    lane.fields, lane.ids, lane.heads, lane.rests, lane.bytes, lane.total = {}, {}, {}, {}, 0, 0
    lane.seen = 'routed - - ' .. lane.name .. ' - 0 - -'
    lanes[number] = lane
  end
  if #lane.ids > 0 and lane.bytes + #message > LANE_BYTES then
    forward(lane)
  end
  local n = #lane.ids + 1
  lane.fields[2 * n - 1], lane.fields[2 * n] = trace and ingress .. ' ' .. trace or ingress, message
  lane.ids[n], lane.heads[n], lane.bytes = id, ingress, lane.bytes + #message
  lane.rests[n] = redrives .. ' ' .. note .. ' ' .. (trace or '-') .. history
  lane.total = lane.total + 1
  -- A later copy in this batch finds it routed.
  records[id] = lane.seen
  done.routed = done.routed + 1
  if n == LANE_MESSAGES then
    forward(lane)
  end
end

-- The part of a record after its state and entry id; nil if the record is malformed.
local function rest_of(record)
  return string.match(record, '^%S+ %S+ (%S+ %S+ %S+ %S+ %S+ %S+.*)$')
end

local function confirm(id, entry, ingress, trace, result)
  local record, result_id = records[id], nil
  if record and string.sub(record, 1, 10) == 'confirmed ' then
    done.duplicates = done.duplicates + 1
    return
  end
  -- It may fail, so it comes before the writes that nothing undoes.
  now_ms = now_ms or now()
  -- A message has no record if another program added it to the lane, or if it waited for two
  -- retentions.
  local rest = record and rest_of(record)
    or ingress .. ' ' .. stream.name .. ' ' .. entry .. ' 0 - ' .. (trace or '-')
  if trace then
    result_id = add(RESULTS, ID, id, RESULT, result, 'traceparent', trace)
  else
    result_id = add(RESULTS, ID, id, RESULT, result)
  end
  set_record(id, 'confirmed ' .. result_id .. ' ' .. rest)
  done.confirmed = done.confirmed + 1
end

-- The fields of an entry, read once for all messages in it.
local read_id, read_fields = nil, {}
local function fields_at(entry)
  if entry ~= read_id then
    local found = run('XRANGE', stream.key, entry, entry)[1]
    read_id, read_fields = entry, found and found[2] or {}
  end
  return read_fields
end

-- Copies the entry's fields inside Redis, so that a message too long to be handed out is kept
-- whole.
local function dead_letter(id, entry, place, ingress, trace, code, errors)
  local letter = {'code', code, 'errors', errors, 'stream', stream.name, 'entry', entry, 'ingress', ingress,
    'delivery_count', delivered + 1}
  local function keep(name, value)
    if value then
      letter[#letter + 1], letter[#letter + 2] = name, value
    end
  end
  local fields, kept, others = fields_at(entry), {}, {}
  local record = id ~= '' and records[id]
  local state, redrives = nil, nil
  if record then
    state, redrives = string.match(record, '^(%S+) %S+ %S+ %S+ %S+ (%S+)')
  end
  if stream.number > 1 then
    kept[MESSAGE] = fields[2 * place]
  else
    local messages = 0
    for i = 1, #fields, 2 do
      messages = messages + (fields[i] == MESSAGE and 1 or 0)
    end
    for i = 1, #fields, 2 do
      local name = fields[i]
      local is_only = name == MESSAGE and messages == 1
      if is_only or name == 'redrives' or (name == 'fields' and kept.redrives) then
        kept[name] = fields[i + 1]
      elseif name ~= 'traceparent' then
        others[#others + 1], others[#others + 2] = name, fields[i + 1]
      end
    end
  end
  keep(ID, id ~= '' and id)
  keep(MESSAGE, kept[MESSAGE])
  keep('redrives', kept.redrives or (redrives ~= '0' and redrives))
  keep('traceparent', trace)
  keep('fields', kept.fields or (others[1] and cjson.encode(others)))
  local letter_id = add(DEAD_LETTERS, unpack(letter))
  done.dead, dead_by_code[code] = done.dead + 1, (dead_by_code[code] or 0) + 1
  -- An invalid copy must not mark a message dead that is routed or confirmed.
  if id ~= '' and (not state or state == 'queued' or (state == 'routed' and stream.number > 1)) then
    local rest = record and rest_of(record)
    local lane = stream.number > 1 and stream.name .. ' ' .. entry or '- -'
    set_record(id, 'dead-lettered ' .. letter_id .. ' '
      .. (rest or ingress .. ' ' .. lane .. ' 0 - ' .. (trace or '-')))
  end
end

local number, place, entry = 0, 0, nil
for at = rows_at, #ARGV, 5 do
  local verb, id, label, note, body = unpack(ARGV, at, at + 4)
  if string.byte(verb) == 43 then
    verb, place = string.sub(verb, 2), place + 1
  else
    number, place, entry = number + 1, 1, ARGV[12 + number]
  end
  if superseded[number] then
    done.superseded = done.superseded + 1
  else
    local ingress, trace = entry, nil
    if label ~= '' then
      local blank = string.find(label, ' ', 1, true)
      ingress = blank and string.sub(label, 1, blank - 1) or label
      trace = blank and string.sub(label, blank + 1)
    end
    if verb == 'confirm' then
      confirm(id, entry, ingress, trace, body)
    elseif verb == 'dead' then
      dead_letter(id, entry, place, ingress, trace, note, body)
    else
      route(verb, id, ingress, trace, note, body)
    end
    done.applied = done.applied + 1
  end
end

for _, lane in pairs(lanes) do
  if #lane.ids > 0 then
    forward(lane)
  end
  count(TOTALS, 'routed_' .. lane.name, lane.total)
  count(TOTALS, 'waiting_' .. lane.name, lane.total)
end
count(TOTALS, 'confirmed_' .. stream.name, done.confirmed)
count(TOTALS, 'dead_lettered_' .. stream.name, done.dead)
count(TOTALS, 'duplicates', done.duplicates)
-- Counts per consumer, because two programs may share the streams.
count(TOTALS, 'applied_' .. stream.name .. ':' .. CONSUMER, done.applied)
if stream.number > 1 and done.applied > 0 then
  run('HINCRBY', TOTALS, 'waiting_' .. stream.name, -done.applied)
  undo[#undo + 1] = {'HINCRBY', TOTALS, 'waiting_' .. stream.name, done.applied}
end
-- The last writes that can be refused. If Redis permits the first, it permits all.
for i = 1, #set, 5000 do
  run('HSET', INDEX, unpack(set, i, math.min(i + 4999, #set)))
end
run('XDEL', stream.key, unpack(ARGV, 12, last))

if done.superseded == 0 then
  for at = 12 + entries, rows_at - 1, 2 do
    measure(ARGV[at], ARGV[at + 1])
  end
else
  measure('superseded:' .. stream.name, done.superseded)
end
for code, letters in pairs(dead_by_code) do
  measure('dead:' .. stream.name .. ':' .. code, letters)
end
if now_ms then
  free(now_ms, false)
end
for _, lane in pairs(lanes) do
  ring(lane, KEYS[BELLS + lane.number])
end
-- Reading the stream and setting its bell are one step, so no ring in between is lost.
local is_empty = redis.pcall('XLEN', stream.key) == 0
if is_empty and redis.pcall('EXISTS', PAUSE) == 0 then
  if ARGV[11] ~= '0' then
    redis.pcall('SET', BELL, HELD, 'PX', ARGV[11])
  else
    redis.pcall('DEL', BELL)
  end
end
return {
  done.applied, done.superseded, done.routed, done.confirmed, done.dead, done.duplicates,
  is_empty and 1 or 0,
  unpack(superseded_numbers),
}
