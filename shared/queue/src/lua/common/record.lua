-- The record of a message in the index, one line:
--   state, entry id of that state, entry id in ingress, lane, entry id in the lane, redrives, note,
--   traceparent
-- with blanks between them and "-" for what is absent, then one line for each dead letter it once
-- was.
local RECORD = '^(%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+)(.*)$'

-- The records of some ids, by id, from both generations of the index.
local function look_up(ids)
  local records, missing, count = {}, {}, 0
  local function read(index, of, is_last)
    for i = 1, #of, 5000 do
      local last = math.min(i + 4999, #of)
      local found = run('HMGET', index, unpack(of, i, last))
      for j = i, last do
        local record = found[j - i + 1]
        if record then
          records[of[j]] = record
        elseif not is_last then
          count = count + 1
          missing[count] = of[j]
        end
      end
    end
  end
  read(INDEX, ids)
  if count > 0 and run('EXISTS', PREVIOUS) == 1 then
    read(PREVIOUS, missing, true)
  end
  return records
end

-- The record with one line more of history; the oldest lines go first.
local function remember(record, event, letter_id, letter, at)
  local words = {event, letter.code, letter.stream, letter_id, at, letter.ingress, letter.delivery_count}
  for i = 1, 7 do
    words[i] = string.sub(string.gsub(words[i] or '', '[^%w_-]', '?'), 1, 64)
    words[i] = words[i] == '' and '-' or words[i]
  end
  local head, history = string.match(record, '^([^\n]*)(.*)$')
  history = history .. '\n' .. table.concat(words, ' ')
  while #history > 4096 do
    history = string.match(history, '\n.*$', 2)
  end
  return head .. history
end

local function fields_of(entry)
  local found = {}
  for i = 1, #entry[2], 2 do
    found[entry[2][i]] = entry[2][i + 1]
  end
  return found
end
