-- Returns the status of one message. ARGV[2] is its id.
--
-- Returns {record, result, code, errors as JSON}; what is absent is "". The result exists while it
-- is kept, code and errors while the message is a dead letter.
--
-- keys: format index index:previous results dead-letters streams
-- settings: result
-- flags: no-writes
-- uses: record

check_format()
local record = look_up({ARGV[2]})[ARGV[2]] or ''
local state, step = string.match(record, '^(%S+) (%S+)')
local of = ({confirmed = RESULTS, ['dead-lettered'] = DEAD_LETTERS})[state]
local entry = of and run('XRANGE', of, step, step)[1]
local found = entry and fields_of(entry) or {}
return {record, found[RESULT] or '', found.code or '', found.errors or ''}
