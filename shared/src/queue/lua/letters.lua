-- Looks through a stretch of the dead letters, oldest first, and hands out those that match.
--
-- The texts of orders stay in Redis unless they are asked for, so a page is small whatever the letters hold.
--
-- KEYS[1]  dead letters
-- ARGV[1]  where to begin, as XRANGE takes it    ARGV[2]  where to end, likewise
-- ARGV[3]  how many to look at                   ARGV[4]  how many to hand out
-- ARGV[5]  the code to look for, "" for any      ARGV[6]  the order id to look for, "" for any
-- ARGV[7]  the least age in ms, "" for any; it counts only when ARGV[2] is "+"
-- ARGV[8]  the longest text to hand out in bytes; 0 for none
--
-- Returns {entry id to go on after, or "" at the end} and for each letter twelve values: entry id, code, errors as JSON, stream,
-- entry id there, entry id in ingress, delivery count, redrives, order id, length of the order in bytes (-1: no field "order"),
-- order, other fields as JSON. What is absent is "".
--
-- uses: clock

local to, looks, most, code, order_id = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5], ARGV[6]
local longest = tonumber(ARGV[8])
if ARGV[7] ~= '' and to == '+' then
  to = string.format('%.0f', math.max(now_ms() - tonumber(ARGV[7]), 0))
end

local function text(value)
  return value and #value <= longest and value or ''
end

local letters = redis.call('XRANGE', KEYS[1], ARGV[1], to, 'COUNT', looks)
local reply, handed_out = {''}, 0
for i = 1, #letters do
  local id, fields, found = letters[i][1], letters[i][2], {}
  for j = 1, #fields, 2 do
    found[fields[j]] = fields[j + 1]
  end
  if (code == '' or found.code == code) and (order_id == '' or found.order_id == order_id) then
    for _, name in ipairs({'code', 'errors', 'stream', 'entry', 'ingress', 'delivery_count', 'redrives', 'order_id'}) do
      found[name] = found[name] or ''
    end
    for _, value in ipairs({id, found.code, found.errors, found.stream, found.entry, found.ingress, found.delivery_count,
      found.redrives, found.order_id, found.order and #found.order or -1, text(found.order), text(found.fields)}) do
      reply[#reply + 1] = value
    end
    handed_out = handed_out + 1
  end
  if handed_out == most or i == looks then
    reply[1] = id
    break
  end
end
return reply
