-- Reads from the states of several orders how far they got.
--
-- KEYS[1..]  the states
--
-- Returns five values for each: score, entry id in ingress, entry id in the lane, entry id of the confirmation, entry id of the dead
-- letter. What is absent is "".

local reply = {}
for i = 1, #KEYS do
  local fields = redis.call('HMGET', KEYS[i], 'score', 'ingress', 'routed', 'confirmed', 'dead_letter')
  for j = 1, 5 do
    reply[#reply + 1] = fields[j] or ''
  end
end
return reply
