/**
 * What Redis itself does for notices, each script at one stroke. One hash holds all of it, so that a cluster keeps it
 * in one place: `epoch`, when it was made; `notice`, how many were posted since; and for each replica, under its id,
 * until when it may trust its memory and the last notice that it heeded. Times are milliseconds by Redis' clock.
 * @module
 */

const begin = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if redis.call('HSETNX', KEYS[1], 'epoch', string.format('%.0f', now)) == 1 then
  redis.call('HSET', KEYS[1], 'notice', 0)
end
local function mark()
  return redis.call('HGET', KEYS[1], 'epoch') .. '/' .. redis.call('HGET', KEYS[1], 'notice')
end
`

/** Arguments: id, lease in milliseconds or 0 for none, heeded mark, the replica's own channel, what to echo there. */
export const beat = `${begin}
if tonumber(ARGV[2]) > 0 then
  redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f ', now + ARGV[2]) .. ARGV[3])
end
redis.call('PUBLISH', ARGV[4], ARGV[5] .. ' ' .. mark())
return 1`

/** Arguments: id, heeded mark. A replica whose lease was never granted or is forgotten has nothing to tell. */
export const heed = `
local entry = redis.call('HGET', KEYS[1], ARGV[1])
if entry then redis.call('HSET', KEYS[1], ARGV[1], string.match(entry, '^%d+ ') .. ARGV[2]) end
return 1`

/** Argument: id. */
export const leave = `return redis.call('HDEL', KEYS[1], ARGV[1])`

const tellRoll = `
return {string.format('%.0f', now), mark(), redis.call('HGETALL', KEYS[1])}`

/** No argument. Yields the time, the mark, and every field with its value. */
export const roll = `${begin}${tellRoll}`

/** Argument: the channel of all. Yields the roll, with the mark of the notice that was posted. Drops leases that have ended. */
export const post = `${begin}
local fields = redis.call('HGETALL', KEYS[1])
for at = 1, #fields, 2 do
  local ends = string.match(fields[at + 1], '^(%d+) ')
  if ends and tonumber(ends) <= now then redis.call('HDEL', KEYS[1], fields[at]) end
end
redis.call('HINCRBY', KEYS[1], 'notice', 1)
redis.call('PUBLISH', ARGV[1], mark())
${tellRoll}`
