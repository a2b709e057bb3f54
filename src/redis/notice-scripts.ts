/**
 * What Redis itself does for notices, each script at one stroke. One hash holds all of it, so that a cluster keeps it
 * in one place: `epoch`, when it was made, and `server`, by whom; `notice`, how many were posted since; and for each
 * replica, under its id, until when it may trust its memory and the last notice that it heeded. Times are milliseconds
 * by Redis' clock.
 *
 * Nothing depends on the order of messages, or on all of them arriving. The echo of a beat carries the last notice that
 * the server knew when it recorded the lease: whoever hears it knows of every notice from before the lease, and is in
 * the roll of every notice after it. A notice that is published by itself only saves time.
 *
 * It does depend on leases and notices meeting at one server. A server that takes the place of another, by a failover,
 * by being given the slot or by being started again, may lack the last moments of it. It has another replication id
 * (`master_replid`), and begins a new epoch with an empty roll: whoever posts there waits for a whole lease, after which
 * none from before is left, and every replica takes the new epoch for news. There remains a former master that has
 * not noticed, and goes on with those who did not either:
 *
 * - In a cluster it stops by itself, when it has not heard from most of the others for `cluster-node-timeout`; before
 *   that none is replaced.
 * - Sentinel replaces a master by one of its replicas, whether or not it knows. Here a master acts only while some
 *   replicas follow it: no lease is renewed otherwise, no notice is posted, and its clients ask the Sentinels again. A
 *   replica follows one master at a time; where it takes half of the replicas, rounded up, two masters cannot both have
 *   theirs. (With one replica or two that is one.) Of a replica that is cut off this is known three seconds later, and
 *   Sentinel should take longer than that to replace a master.
 * @module
 */

export interface NoticeScripts {
  /** Arguments: id, lease in milliseconds or 0 for none, heeded mark, the replica's own channel, what to echo there. */
  readonly beat: string
  /** Arguments: id, heeded mark. A replica whose lease was never granted or is forgotten has nothing to tell. */
  readonly heed: string
  /** Argument: id. */
  readonly leave: string
  /** No argument. Yields the time, the mark, and every field with its value. */
  readonly roll: string
  /** Argument: the channel of all. Yields the roll, with the mark of the notice that was posted. Drops leases that have ended. */
  readonly post: string
}

/** What kind of servers the scripts run on. */
export interface ServerKind {
  /** Messages stay on the node that holds the slot of their channel. */
  readonly isSharded: boolean
  /** How many replicas must follow a server before it does anything. */
  readonly followers: number
}

/** A replica acknowledges every second what it has; one that has not for longer may follow another master. */
const silenceMaxS = 3

export function noticeScripts({ isSharded, followers }: ServerKind): NoticeScripts {
  const publish = isSharded ? 'SPUBLISH' : 'PUBLISH'
  const begin = `${readReplication}${followers > 0 ? demand(followers) : ''}${beginEpoch}`
  return {
    beat: `${begin}
if tonumber(ARGV[2]) > 0 then
  redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f ', now + ARGV[2]) .. ARGV[3])
end
redis.call('${publish}', ARGV[4], ARGV[5] .. ' ' .. mark())
return 1`,
    heed: `
local entry = redis.call('HGET', KEYS[1], ARGV[1])
if entry then redis.call('HSET', KEYS[1], ARGV[1], string.match(entry, '^%d+ ') .. ARGV[2]) end
return 1`,
    leave: `return redis.call('HDEL', KEYS[1], ARGV[1])`,
    roll: `${begin}${tellRoll}`,
    post: `${begin}
local fields = redis.call('HGETALL', KEYS[1])
for at = 1, #fields, 2 do
  local ends = string.match(fields[at + 1], '^(%d+) ')
  if ends and tonumber(ends) <= now then redis.call('HDEL', KEYS[1], fields[at]) end
end
redis.call('HINCRBY', KEYS[1], 'notice', 1)
redis.call('${publish}', ARGV[1], mark())
${tellRoll}`,
  }
}

const readReplication = `
local replication = redis.call('INFO', 'replication')
local server = string.match(replication, 'master_replid:(%x+)')
`

const demand = (followers: number) => `
local followers = 0
for state, lag in string.gmatch(replication, 'slave%d+:[^\\r\\n]-state=(%a+),[^\\r\\n]-lag=(%d+)') do
  if state == 'online' and tonumber(lag) <= ${silenceMaxS} then followers = followers + 1 end
end
if followers < ${followers} then return redis.error_reply('NOREPLICAS too few replicas follow this server') end
`

/** Without a replication id every call begins anew, and nothing is ever proven. */
const beginEpoch = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if not server or redis.call('HGET', KEYS[1], 'server') ~= server then
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'epoch', string.format('%.0f', now), 'server', server or '', 'notice', 0)
end
local function mark()
  return redis.call('HGET', KEYS[1], 'epoch') .. '/' .. redis.call('HGET', KEYS[1], 'notice')
end
`

const tellRoll = `
return {string.format('%.0f', now), mark(), redis.call('HGETALL', KEYS[1])}`
