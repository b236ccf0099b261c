-- Adds one line to the history of an order that was a dead letter: event, code, stream, dead letter, time, entry id in ingress,
-- delivery count. The oldest lines go first, so that an order that is redriven for ever does not grow for ever.
-- "letter" holds the fields of the dead letter by name, "at" is the entry id or time in ms of the event.
local function remember(state_key, event, letter_id, letter, at)
  local words = {event, letter.code, letter.stream, letter_id, at, letter.ingress, letter.delivery_count}
  for i = 1, 7 do
    words[i] = string.sub(string.gsub(words[i] or '', '[^%w_-]', '?'), 1, 64)
    if words[i] == '' then
      words[i] = '-'
    end
  end
  local history = (redis.call('HGET', state_key, 'history') or '') .. table.concat(words, ' ') .. '\n'
  while #history > 8192 do
    history = string.sub(history, string.find(history, '\n', 1, true) + 1)
  end
  redis.call('HSET', state_key, 'history', history)
end
