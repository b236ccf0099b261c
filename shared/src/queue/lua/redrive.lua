-- Puts one dead letter back to the stream it failed in, and deletes it, in one step.
--
-- Crash window: none inside. Who redrives a letter a second time finds it gone, and nothing is written.
-- Receivers do not look for duplicates, so it is done here: an order of which another copy was routed or confirmed meanwhile is
-- not put into a lane again. For ingress the commit looks.
--
-- KEYS[1]     dead letters                        KEYS[2..4]  the streams ingress, simple, complex
-- KEYS[5..7]  their bells                         KEYS[8]     totals
-- KEYS[9]     the order's state; left out where the order has no identity
-- ARGV[1]     the letter's entry id               ARGV[2..4]  the bells' channels
-- ARGV[5]     how long a ring counts, in ms
--
-- Returns {outcome, stream, entry id there, redrives with this one}. The outcome is "redriven", "duplicate", "gone", "no_order" or
-- "unknown_stream"; only the first has the other values, and only the first two change anything.
--
-- uses: clock history

local letter = redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1])[1]
if not letter then
  return {'gone', '', '', 0}
end
local found = {}
for i = 1, #letter[2], 2 do
  found[letter[2][i]] = letter[2][i + 1]
end
if not found.order then
  return {'no_order', '', '', 0}
end
local name = found.stream
local index = ({ingress = 1, simple = 2, complex = 3})[name]
if not index then
  return {'unknown_stream', '', '', 0}
end

local state, confirmed
if KEYS[9] then
  local fields = redis.call('HMGET', KEYS[9], 'state', 'confirmed')
  state, confirmed = fields[1], fields[2]
end
if name ~= 'ingress' and (confirmed or state == 'routed') then
  redis.call('HINCRBY', KEYS[8], 'duplicates', 1)
  remember(KEYS[9], 'duplicate', ARGV[1], found, string.format('%.0f', now_ms()))
  redis.call('XDEL', KEYS[1], ARGV[1])
  return {'duplicate', '', '', 0}
end

local redrives = (tonumber(found.redrives) or 0) + 1
local entry = {'XADD', KEYS[1 + index], '*', 'order', found.order, 'redrives', redrives}
if name ~= 'ingress' and found.ingress then
  entry[#entry + 1], entry[#entry + 2] = 'ingress', found.ingress
end
if found.traceparent then
  entry[#entry + 1], entry[#entry + 2] = 'traceparent', found.traceparent
end
if found.fields then
  entry[#entry + 1], entry[#entry + 2] = 'fields', found.fields
end
local id = redis.call(unpack(entry))
if KEYS[9] then
  remember(KEYS[9], 'redriven', ARGV[1], found, id)
  redis.call('HINCRBY', KEYS[9], 'redrives', 1)
  -- A copy that is on its way, or done, keeps its state.
  local is_free = not confirmed and state ~= 'routed' and state ~= 'queued'
  if name ~= 'ingress' then
    redis.call('HSET', KEYS[9], 'state', 'routed', 'lane', name, 'ingress', found.ingress or id)
  elseif is_free then
    redis.call('HSET', KEYS[9], 'state', 'queued', 'ingress', id)
  end
  if name ~= 'ingress' or is_free then
    redis.call('HDEL', KEYS[9], 'code', 'dead_letter')
    redis.call('PERSIST', KEYS[9])
  end
end
redis.call('XDEL', KEYS[1], ARGV[1])
redis.call('HINCRBY', KEYS[8], 'redriven', 1)
if redis.call('SET', KEYS[4 + index], '1', 'NX', 'PX', ARGV[5]) then
  redis.call('PUBLISH', ARGV[1 + index], '')
end
return {'redriven', name, id, redrives}
