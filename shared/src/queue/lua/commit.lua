-- Applies the outcomes of a batch: each once, and only for entries that are still pending.
--
-- Two drains may hold the same entry after a time-out; the first commit acks it, the second finds it gone and writes nothing.
-- Crash window: none inside. A script runs whole or not at all, so ack, effect and state cannot part.
--
-- KEYS[1]     the stream the entries were claimed from
-- KEYS[2..3]  the lanes simple, complex     KEYS[4..5]  their bells
-- KEYS[6]     confirmations                 KEYS[7]     dead letters
-- KEYS[8]     totals                        KEYS[9]     metrics
-- KEYS[10..]  states of orders: one an entry, in their order; only a dead letter may have none
-- ARGV[1]     the consumer group            ARGV[2]     the consumer
-- ARGV[3..4]  the lanes' bell channels      ARGV[5]     how long a ring counts, in ms
-- ARGV[6]     how long a confirmation and its state are kept, in ms
-- ARGV[7]     the stream's short name, for dead letters and totals
-- ARGV[8]     bucket of the batch's size    ARGV[9]     when the batch was decided, in Unix ms
-- ARGV[10]    upper bounds of waits in ms, with blanks between them
-- ARGV[11]    how many fields of metrics are raised
-- ARGV[12..15]  how many entries go to simple, to complex, are confirmed, are dead letters
-- ARGV[16]    the least id of the entries   ARGV[17]    the greatest   ARGV[18]    the next after that; "" if there is none
-- ARGV[19..]  the ids of the entries, sorted by these outcomes
--             then for each entry, by outcome
--               simple, complex:  order, score, reasons
--               confirmed:        entry id in ingress, confirmation
--               dead letter:      index of the order's state in KEYS, 0 where the order has no identity; entry id in ingress;
--                                 errors as JSON; code; delivery count
--             then two for each field of metrics: the field; by how much, should no entry have lapsed
--             then two for each entry that is traced: its number, from 1; traceparent
--
-- Returns {applied, lapsed, simple, complex, confirmed, dead letters, duplicates} and the ids of those that had lapsed: they were
-- no longer pending.
--
-- uses: clock retention

local call = redis.call
local stream, group, consumer, name = KEYS[1], ARGV[1], ARGV[2], ARGV[7]
local FIRST_STATE, FIRST = 10, 19
local simple, complex, confirmed, dead = tonumber(ARGV[12]), tonumber(ARGV[13]), tonumber(ARGV[14]), tonumber(ARGV[15])
local count = simple + complex + confirmed + dead
local waits_at = FIRST + count + 3 * (simple + complex) + 2 * confirmed + 5 * dead
local traces_at = waits_at + 2 * tonumber(ARGV[11])
local traces
for i = traces_at, #ARGV, 2 do
  traces = traces or {}
  traces[tonumber(ARGV[i])] = ARGV[i + 1]
end

-- One call acks the batch. When all were pending, all are ours. Otherwise another drain has committed some of them, and
-- those are gone from the stream: every commit deletes what it acks.
local all_pending = call('XACK', stream, group, unpack(ARGV, FIRST, FIRST + count - 1)) == count
local mine = 0
local function is_mine(id)
  return all_pending or call('XRANGE', stream, id, id)[1] ~= nil
end

-- Most often none of the orders to be routed was ever seen, and one call says so for all.
local may_be_known = simple + complex > 0
  and call('EXISTS', unpack(KEYS, FIRST_STATE, FIRST_STATE + simple + complex - 1)) > 0
local routed_here = {}

local done = {simple = 0, complex = 0, confirm = 0, dead = 0, duplicate = 0}
local dead_by_code, lapsed = {}, {}

-- A script that fails half way is not rolled back, and here the batch is acked: what is measured may not hold up its outcomes, be the
-- hash broken or a number at its end.
local function measure(what, by)
  redis.pcall('HINCRBY', KEYS[9], what, by)
end

-- Counts one wait that began at one of the entry ids; for a batch of which some had lapsed, so that each entry counts once.
local function observe(what, since, or_since)
  local from = tonumber(string.match(since, '^(%d+)-') or string.match(or_since, '^(%d+)-'))
  local wait, le = math.max(tonumber(ARGV[9]) - from, 0), 'inf'
  for bound in string.gmatch(ARGV[10], '%d+') do
    if wait <= tonumber(bound) then
      le = bound
      break
    end
  end
  measure(what .. ':' .. name .. ':' .. le, 1)
  if wait > 0 then
    measure(what .. ':' .. name .. ':sum', wait)
  end
end

local function route(lane_key, lane, id, state_key, order, score, reasons, trace)
  local state = (may_be_known or routed_here[state_key]) and call('HGET', state_key, 'state')
  if state and state ~= 'queued' then
    -- A good copy takes the place of one that was set aside before it was ever routed.
    if (state ~= 'dead-lettered' and state ~= 'discarded') or call('HEXISTS', state_key, 'lane') == 1 then
      done.duplicate = done.duplicate + 1
      return
    end
    call('HDEL', state_key, 'code', 'dead_letter')
    call('PERSIST', state_key)
  end
  local routed
  if trace then
    routed = call('XADD', lane_key, '*', 'order', order, 'ingress', id, 'traceparent', trace)
    call('HSET', state_key, 'traceparent', trace)
  else
    routed = call('XADD', lane_key, '*', 'order', order, 'ingress', id)
  end
  call('HSET', state_key, 'state', 'routed', 'lane', lane, 'score', score, 'reasons', reasons,
    'ingress', id, 'routed', routed)
  routed_here[state_key] = true
  done[lane] = done[lane] + 1
end

local function confirm(state_key, ingress, confirmation, trace)
  local order_id = string.sub(state_key, -36)
  local confirmed
  -- Beside the confirmation, whose bytes depend on the order only.
  if trace then
    confirmed = call('XADD', KEYS[6], '*', 'order_id', order_id, 'confirmation', confirmation, 'traceparent', trace)
  else
    confirmed = call('XADD', KEYS[6], '*', 'order_id', order_id, 'confirmation', confirmation)
  end
  -- Two fields are new where somebody put the order straight into the lane: then nobody has written the others.
  if call('HSET', state_key, 'state', 'confirmed', 'confirmed', confirmed) == 2 then
    call('HSET', state_key, 'lane', name, 'ingress', ingress)
  end
  call('PEXPIRE', state_key, ARGV[6])
  done.confirm = done.confirm + 1
end

-- The entry's own fields are copied here, inside Redis: an order too long to be handed out is kept whole as well.
local function dead_letter(id, state_key, ingress, errors, code, delivery_count)
  local letter = {'XADD', KEYS[7], '*', 'code', code, 'errors', errors, 'stream', name, 'entry', id,
    'ingress', ingress, 'delivery_count', delivery_count}
  if state_key then
    letter[#letter + 1], letter[#letter + 2] = 'order_id', string.sub(state_key, -36)
  end
  local found, kept, others = call('XRANGE', stream, id, id)[1], {}, {}
  local fields = found and found[2] or {}
  -- What redrive.lua wrote: "redrives" comes before "fields", which are those of the first entry.
  for i = 1, #fields, 2 do
    local field = fields[i]
    if field == 'order' or field == 'redrives' or field == 'traceparent' or (field == 'fields' and kept.redrives) then
      -- Of several the last counts, as where it is claimed; all of them might be more than a call takes.
      kept[field] = fields[i + 1]
    elseif field ~= 'ingress' then
      others[#others + 1], others[#others + 2] = field, fields[i + 1]
    end
  end
  for _, field in ipairs({'order', 'redrives', 'traceparent', 'fields'}) do
    if kept[field] then
      letter[#letter + 1], letter[#letter + 2] = field, kept[field]
    end
  end
  -- What else a producer put into the entry, as one JSON array: there may be more fields than a call takes.
  if others[1] then
    letter[#letter + 1], letter[#letter + 2] = 'fields', cjson.encode(others)
  end
  local letter_id = call(unpack(letter))
  done.dead = done.dead + 1
  dead_by_code[code] = (dead_by_code[code] or 0) + 1
  if state_key then
    local state = call('HGET', state_key, 'state')
    -- A broken copy of an order that is on its way already must not mark that one dead.
    if name ~= 'ingress' or not state or state == 'queued' then
      call('HSET', state_key, 'state', 'dead-lettered', 'code', code, 'ingress', ingress, 'dead_letter', letter_id)
    end
  end
end

local number, at = 0, FIRST + count
-- Applies one outcome to the next entries, which have so many values each.
local function apply(outcome, entries, values)
  for _ = 1, entries do
    local id, state_key = ARGV[FIRST + number], KEYS[FIRST_STATE + number]
    number = number + 1
    if is_mine(id) then
      mine = mine + 1
      outcome(id, state_key, traces and traces[number])
      if not all_pending then
        observe('wait', id, id)
      end
    else
      lapsed[#lapsed + 1] = id
    end
    at = at + values
  end
end
apply(function(id, state_key, trace)
  route(KEYS[2], 'simple', id, state_key, ARGV[at], ARGV[at + 1], ARGV[at + 2], trace)
end, simple, 3)
apply(function(id, state_key, trace)
  route(KEYS[3], 'complex', id, state_key, ARGV[at], ARGV[at + 1], ARGV[at + 2], trace)
end, complex, 3)
apply(function(id, state_key, trace)
  confirm(state_key, ARGV[at], ARGV[at + 1], trace)
  if not all_pending then
    observe('done', ARGV[at], id)
  end
end, confirmed, 2)
apply(function(id)
  dead_letter(id, KEYS[tonumber(ARGV[at])], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4])
end, dead, 5)

-- From how many entries on it pays to look whether the batch can be cut off.
local CUT_FROM = 8

-- Whether the stream begins with the batch and has nothing else up to its greatest id. What others were handed and have not committed
-- is pending. What nobody was handed, for the group was moved past it, lies before the batch: a batch is one read, without gaps.
local function is_head()
  if not all_pending or count < CUT_FROM or ARGV[18] == '' or call('XPENDING', stream, group, '-', ARGV[17], 1)[1] then
    return false
  end
  local head = call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
  return head and head[1] == ARGV[16]
end

if is_head() then
  -- Whole nodes go at once, where XDEL looks for each entry and is written down with each id.
  call('XTRIM', stream, 'MINID', '=', ARGV[18])
else
  call('XDEL', stream, unpack(ARGV, FIRST, FIRST + count - 1))
end

local function add_total(field, value)
  if value > 0 then
    call('HINCRBY', KEYS[8], field, value)
  end
end
add_total('routed_simple', done.simple)
add_total('routed_complex', done.complex)
add_total('confirmed_' .. name, done.confirm)
add_total('dead_lettered', done.dead)
add_total('duplicates', done.duplicate)
-- Whose work it was: with two programs on the same streams the shares of a stream add up to what was done there.
add_total('applied_' .. name .. ':' .. consumer, mine)

if all_pending then
  for i = waits_at, traces_at - 1, 2 do
    measure(ARGV[i], ARGV[i + 1])
  end
else
  measure('lapsed:' .. name, count - mine)
end
measure('batch:' .. name .. ':' .. ARGV[8], 1)
measure('batch:' .. name .. ':sum', count)
for code, letters in pairs(dead_by_code) do
  measure('dead:' .. name .. ':' .. code, letters)
end

if done.confirm > 0 then
  drop_old(KEYS[6], ARGV[6])
end
if done.simple > 0 and call('SET', KEYS[4], '1', 'NX', 'PX', ARGV[5]) then
  call('PUBLISH', ARGV[3], '')
end
if done.complex > 0 and call('SET', KEYS[5], '1', 'NX', 'PX', ARGV[5]) then
  call('PUBLISH', ARGV[4], '')
end
local reply = {mine, count - mine, done.simple, done.complex, done.confirm, done.dead, done.duplicate}
for i = 1, #lapsed do
  reply[#reply + 1] = lapsed[i]
end
return reply
