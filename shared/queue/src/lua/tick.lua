-- Frees what is past retention, then rings the stream's bell if work waits: new entries, or overdue
-- ones. Freeing comes first because a full Redis lets nothing else in. A paused stream is not rung.
--
-- Redis never delivers entries up to the group's position that are not pending: somebody moved the
-- group, deleted its consumer, or acked by hand. The tick then sets the group to the start; a commit
-- drops what is done.
--
-- Pub/sub delivers at most once, so a ring can be lost. Regular ticks limit the delay. Rings that
-- no claim followed are counted for two minutes: the count shows a worker that is deaf or stuck.
--
-- Returns {waiting, pending, overdue (0 or 1), rung (0 or 1), subscribers that got the ring, rings
-- before this one that no claim followed, results dropped, paused (0 or 1), what was refused
-- meanwhile or ""}.
--
-- keys: format index index:previous results totals metrics bell pause unanswered streams
-- settings: stream consumer bell_ms claim_idle_ms retention_ms
-- flags: allow-oom
-- uses: free

local stream = stream_of(tonumber(STREAM))
open_format()

-- Sets a group to the start that has no entry left to deliver.
local function hand_out_again()
  for _, group in ipairs(redis.pcall('XINFO', 'GROUPS', stream.key)) do
    local from = '(' .. field_of(group, 'last-delivered-id')
    -- An error means that no id is larger.
    if field_of(group, 'name') == GROUP
      and not redis.pcall('XRANGE', stream.key, from, '+', 'COUNT', 1)[1] then
      run('XGROUP', 'SETID', stream.key, GROUP, '0')
    end
  end
end

local now_ms = now()
local dropped, refused = free(now_ms, true)

-- After the clock has stepped back, pending entries would become overdue too late. XCLAIM by the
-- same consumer gives them the new time.
local field = 'clock_ms:' .. stream.name
local clock = tonumber(run('HGET', FORMAT, field)) or 0
local pending = redis.pcall('XPENDING', stream.key, GROUP)
if pending.err and not string.find(pending.err, 'NOGROUP', 1, true) then
  fail(pending.err, 'XPENDING', stream.key)
end
pending = pending[1] or 0
if now_ms < clock - 1000 then
  local from = '-'
  while pending > 0 and from do
    local page = run('XPENDING', stream.key, GROUP, from, '+', 1000)
    local claim = {'XCLAIM', stream.key, GROUP, CONSUMER, 0}
    for _, entry in ipairs(page) do
      claim[#claim + 1] = entry[1]
    end
    claim[#claim + 1] = 'JUSTID'
    from = page[1] and '(' .. page[#page][1]
    if from then
      run(unpack(claim))
    end
  end
  measure('clock_steps:' .. stream.name, 1)
end
if math.abs(now_ms - clock) > 1000 then
  run('HSET', FORMAT, field, string.format('%.0f', now_ms))
end

local length = run('XLEN', stream.key)
local waiting, overdue = math.max(length - pending, 0), 0
if length == 0 then
  -- Other programs may have added or deleted entries, so the count of messages may be wrong.
  redis.pcall('HDEL', TOTALS, 'waiting_' .. stream.name)
end
if pending > 0 and run('XPENDING', stream.key, GROUP, 'IDLE', CLAIM_IDLE_MS, '-', '+', 1)[1] then
  overdue = 1
end
local paused, heard = is_paused(), nil
local seen = redis.pcall('GET', UNANSWERED)
local unanswered, counted_ms = string.match(type(seen) == 'string' and seen or '', '^(%d+) (%d+)$')
unanswered = tonumber(unanswered) or 0
if not paused and waiting + overdue > 0 then
  -- Rings of producers count too, or a busy queue would hide a deaf worker. A worker has bell_ms to
  -- claim.
  local is_late = math.abs(now_ms - (tonumber(counted_ms) or 0)) >= tonumber(BELL_MS)
  if is_late and unanswered > 0 then
    -- By now the bell's key should have expired. It has not if the clock was ahead when it was set,
    -- if a program set it without expiry, or if a pause was deleted by hand.
    redis.pcall('DEL', BELL)
  end
  heard = ring(stream, BELL)
  if heard and waiting > 0 then
    hand_out_again()
  end
  if is_late then
    local counted = string.format('%d %.0f', unanswered + 1, now_ms)
    redis.pcall('SET', UNANSWERED, counted, 'PX', 120000)
  end
end
return {
  waiting, pending, overdue, heard and 1 or 0, heard or 0, unanswered, dropped, paused and 1 or 0, refused,
}
