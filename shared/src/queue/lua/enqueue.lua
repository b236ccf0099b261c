-- Adds orders to the ingress stream, all of them or none, and rings the bell.
--
-- KEYS[1..3]  the streams ingress, simple, complex
-- KEYS[4]     the bell of ingress
-- KEYS[5..]   the state of each order, in the order of the arguments
-- ARGV[1]     the bell's channel
-- ARGV[2]     how long a ring counts, in ms
-- ARGV[3]     the most orders that may wait in the three streams together; 0 for no limit
-- ARGV[4]     the trace the orders belong to, as W3C traceparent; "" for none
-- ARGV[5..]   the orders
--
-- Returns {1, backlog after} or, when the orders do not fit, {0, backlog}.

local count, trace = #ARGV - 4, ARGV[4]
local backlog = redis.call('XLEN', KEYS[1]) + redis.call('XLEN', KEYS[2]) + redis.call('XLEN', KEYS[3])
local most = tonumber(ARGV[3])
if most > 0 and backlog + count > most then
  return {0, backlog}
end
for i = 1, count do
  local id
  if trace == '' then
    id = redis.call('XADD', KEYS[1], '*', 'order', ARGV[i + 4])
  else
    id = redis.call('XADD', KEYS[1], '*', 'order', ARGV[i + 4], 'traceparent', trace)
  end
  -- Only the first sight of an order makes a state: a duplicate must not set a confirmed order back.
  if redis.call('HSETNX', KEYS[i + 4], 'state', 'queued') == 1 then
    redis.call('HSET', KEYS[i + 4], 'ingress', id)
    if trace ~= '' then
      redis.call('HSET', KEYS[i + 4], 'traceparent', trace)
    end
  end
end
if count > 0 and redis.call('SET', KEYS[4], '1', 'NX', 'PX', ARGV[2]) then
  redis.call('PUBLISH', ARGV[1], '')
end
return {1, backlog + count}
