-- Deletes one dead letter, and notes it in its message's record. ARGV[2] is its entry id.
--
-- Crash window: none inside. A second call finds no dead letter and writes nothing.
--
-- Returns {1 if it was discarded, 0 if it was gone}.
--
-- keys: format index index:previous dead-letters totals streams
-- settings: id
-- flags: allow-oom
-- uses: record

open_format()
local letter = run('XRANGE', DEAD_LETTERS, ARGV[2], ARGV[2])[1]
if not letter then
  return {0}
end
local found = fields_of(letter)
local record = found[ID] and look_up({found[ID]})[found[ID]]
local state, step, rest = string.match(record or '', '^(%S+) (%S+) (.*)$')
run('XDEL', DEAD_LETTERS, '0-0')
count(TOTALS, 'discarded', 1)
-- A record that does not name this letter belongs to another copy of the message.
if state == 'dead-lettered' and step == ARGV[2] then
  local at = string.format('%.0f', now())
  record = remember('discarded ' .. step .. ' ' .. rest, 'discarded', ARGV[2], found, at)
  run('HSET', INDEX, found[ID], record)
end
run('XDEL', DEAD_LETTERS, ARGV[2])
return {1}
