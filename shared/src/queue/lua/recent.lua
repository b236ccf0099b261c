-- Looks through several streams at once, newest entry first, and hands out what stands for an order.
--
-- Only what a page needs is looked at, and nothing is kept for it: no index is written when an order comes or moves.
--
-- KEYS[1..]  streams
-- ARGV[1]    how many to hand out                      ARGV[2]  how many entries to look at in each stream
-- ARGV[3]    the lane to look for, "" for any; it is looked for in confirmations and dead letters
-- ARGV[4]    the longest order to hand out, in bytes
-- ARGV[5..]  two values for each stream: its rank, 3 for confirmations, 4 for dead letters, less for streams that orders wait
--            in; and where to begin, as XREVRANGE takes it
--
-- Entries of two streams may have one id; the one with the higher rank counts as newer.
--
-- Returns {entry id to go on after, or "" at the end; rank of its stream} and for each entry seven values: rank, entry id, order id,
-- order, entry id in ingress, lane, code. What is absent or not looked for is "".

local most, looks, lane, longest = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])

local streams = {}
for i = 1, #KEYS do
  local entries = redis.call('XREVRANGE', KEYS[i], ARGV[4 + 2 * i], '-', 'COUNT', looks)
  streams[i] = {rank = tonumber(ARGV[3 + 2 * i]), entries = entries, at = 1}
end

-- As text, for the second number of an id may be larger than Lua counts.
local function is_larger(a, b)
  if #a ~= #b then
    return #a > #b
  end
  return a > b
end

local function is_newer(a, b)
  local id_a, id_b = a.entries[a.at][1], b.entries[b.at][1]
  if id_a == id_b then
    return a.rank > b.rank
  end
  local ms_a, number_a = string.match(id_a, '(%d+)-(%d+)')
  local ms_b, number_b = string.match(id_b, '(%d+)-(%d+)')
  if ms_a == ms_b then
    return is_larger(number_a, number_b)
  end
  return is_larger(ms_a, ms_b)
end

local function newest()
  local found
  for _, stream in ipairs(streams) do
    if stream.entries[stream.at] and (not found or is_newer(stream, found)) then
      found = stream
    end
  end
  return found
end

local reply, handed_out = {'', 0}, 0

local function hand_out(rank, id, fields)
  local found = {}
  for i = 1, #fields, 2 do
    found[fields[i]] = fields[i + 1]
  end
  local order, its_lane = '', ''
  if rank == 3 then
    -- Quotes inside of a text are escaped, so this is the member and nothing that a customer wrote.
    its_lane = string.find(found.confirmation or '', '"lane":"complex"', 1, true) and 'complex' or 'simple'
  elseif rank == 4 then
    its_lane = (found.stream == 'simple' or found.stream == 'complex') and found.stream or ''
  elseif found.order and #found.order <= longest then
    order = found.order
  end
  if rank >= 3 and lane ~= '' and its_lane ~= lane then
    return
  end
  for _, value in ipairs({rank, id, found.order_id or '', order, found.ingress or '', its_lane, found.code or ''}) do
    reply[#reply + 1] = value
  end
  handed_out = handed_out + 1
end

local stream = newest()
while stream do
  local entry = stream.entries[stream.at]
  hand_out(stream.rank, entry[1], entry[2])
  stream.at = stream.at + 1
  local next_stream = newest()
  -- What a stream holds beyond the entries looked at may be newer than all that is left of the others.
  local is_cut = stream.at > #stream.entries and #stream.entries == looks
  if is_cut or (handed_out == most and next_stream) then
    reply[1], reply[2] = entry[1], stream.rank
    break
  end
  stream = next_stream
end
return reply
