-- A script copies what it reads several times, outside of maxmemory. So it reads at most MOST_READ
-- entries at once, and stops after MOST_BYTES.
local MOST_READ, MOST_BYTES = 20, 4194304
local function size_of(fields)
  local bytes = 0
  for i = 1, #fields do
    bytes = bytes + #fields[i]
  end
  return bytes
end
