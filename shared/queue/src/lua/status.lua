-- Returns the status of one message. ARGV[9] is its id.
--
-- Returns {record, result, code, errors as JSON}; what is absent is "". The result exists while it
-- is kept, code and errors while the message is a dead letter.
--
-- flags: no-writes
-- uses: record

check_format()
local record = look_up({ARGV[9]})[ARGV[9]] or ''
local state, step = string.match(record, '^(%S+) (%S+)')
local of = ({confirmed = RESULTS, ['dead-lettered'] = DEAD_LETTERS})[state]
local entry = of and run('XRANGE', of, step, step)[1]
local found = entry and fields_of(entry) or {}
return {record, found[RESULT] or '', found.code or '', found.errors or ''}
