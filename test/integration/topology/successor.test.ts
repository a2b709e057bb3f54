/**
 * The notice board on servers that take each other's place: what a successor does not know proves nothing, and a server
 * that was replaced grants nothing.
 * @module
 */

import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { cache as cacheSchema } from '../../../src/config/schema/tokens.ts'
import { NoticeBoard } from '../../../src/redis/notice-board.ts'
import { RedisClient } from '../../../src/redis/redis-client.ts'
import { RedisSubscription } from '../../../src/redis/redis-subscription.ts'
import { announceChange } from '../../../src/tokens/cache/revocation-announcer.ts'
import { RevocationListener } from '../../../src/tokens/cache/revocation-listener.ts'
import { horizonMs, isHeededByAll } from '../../../src/tokens/cache/revocation-roll.ts'
import { startRedis } from '../../support/redis.ts'
import { ask } from '../../support/redis-sentinel.ts'
import { until } from '../../support/until.ts'

const prefix = `test-${randomUUID()}:`
const leaseMs = 2_000

function newBoard(url: string, followers = 0): NoticeBoard {
  const client = new RedisClient({ servers: { url }, timeoutMs: 500, stateChanged: () => {} })
  // Only how many followers are asked for is taken from the Sentinels' settings.
  const kind = followers > 0 ? { sentinel: { name: 'main', nodes: [], db: 0, followers } } : {}
  return new NoticeBoard(client, { url, ...kind }, prefix)
}

async function boardOn(t: Test, url: string, followers = 0): Promise<NoticeBoard> {
  const board = newBoard(url, followers)
  t.teardown(() => board.close())
  await board.connect()
  return board
}

const startReplica = async (t: Test, port: number) => {
  const replica = await startRedis({
    args: ['--replicaof', '127.0.0.1', String(port), '--repl-diskless-sync-delay', '0'],
  })
  t.teardown(() => replica.stop())
  const isOnline = () => ask(port, async (redis) => /state=online/.test(await redis.info('replication')))
  await until(isOnline)
  return replica
}

const beat = { sentAt: 1, isLease: true, heeded: undefined }

t.test(
  'a replica that is promoted begins a new epoch, and a command waits there for a whole lease',
  async (t) => {
    const master = await startRedis({ args: ['--repl-diskless-sync-delay', '0'] })
    t.teardown(() => master.stop())
    const replica = await startReplica(t, master.port)
    const before = await boardOn(t, master.url)
    const { mark } = await before.post()
    await before.beat('somebody', beat, 60_000)
    await until(() =>
      ask(replica.port, async (redis) => (await redis.hlen(`${prefix}{revocation}:replicas`)) === 4),
    )
    await ask(replica.port, (redis) => redis.replicaof('NO', 'ONE'))
    const { everywhere, waitedMs, replicas } = await announceChange(
      cacheSchema.parse({ redis: { url: replica.url, prefix } }),
    )
    t.same({ everywhere, replicas }, { everywhere: true, replicas: undefined })
    t.ok(waitedMs >= leaseMs, `${waitedMs} ms`)
    const roll = await (await boardOn(t, replica.url)).roll()
    t.not(roll.mark.epoch, mark.epoch)
    t.same(roll.replicas, [], 'what the former master knew is not gone by')
  },
)

t.test('a server that is started again begins a new epoch, whatever it kept', async (t) => {
  const redis = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] })
  t.teardown(() => redis.stop())
  const board = await boardOn(t, redis.url)
  const { mark } = await board.post()
  t.same((await board.roll()).mark, mark, 'until then it is one')
  await redis.restart()
  let roll: Awaited<ReturnType<typeof board.roll>> | undefined
  await until(async () => {
    roll = await board.roll().catch(() => undefined)
    return roll !== undefined
  })
  t.not(roll?.mark.epoch, mark.epoch)
})

t.test(
  'nothing is proven by a server that may have forgotten, or by another one than was told',
  async (t) => {
    const now = 1_000_000
    const old = { epoch: now - horizonMs(leaseMs), count: 3 }
    t.equal(isHeededByAll({ now, mark: old, replicas: [] }, old, leaseMs), true)
    const young = { ...old, epoch: old.epoch + 1 }
    t.equal(isHeededByAll({ now, mark: young, replicas: [] }, young, leaseMs), false)
    t.equal(isHeededByAll({ now, mark: old, replicas: [] }, { ...old, epoch: old.epoch - 1 }, leaseMs), false)
  },
)

t.test('a master that may be replaced does nothing once its replicas have left it', async (t) => {
  const master = await startRedis({ args: ['--repl-diskless-sync-delay', '0'] })
  t.teardown(() => master.stop())
  const replica = await startReplica(t, master.port)
  const board = await boardOn(t, master.url, 1)
  const demanding = await boardOn(t, master.url, 2)
  await board.post()
  await board.beat('somebody', beat, leaseMs)
  await t.rejects(demanding.post(), /NOREPLICAS/, 'one is too few for two')
  t.equal((await board.roll()).replicas.length, 1)
  await ask(replica.port, (redis) => redis.replicaof('NO', 'ONE'))
  const refused = async (act: () => Promise<unknown>) => {
    // Once refused the connection is made anew.
    await until(async () => (await act().catch(({ message }) => /NOREPLICAS/.test(message))) === true)
  }
  await refused(() => board.post())
  await refused(() => board.beat('somebody', beat, leaseMs))
  await refused(() => board.roll())
})

t.test('a replica that is silent does not count as following for long', async (t) => {
  const master = await startRedis({ args: ['--repl-diskless-sync-delay', '0'] })
  t.teardown(() => master.stop())
  const replica = await startReplica(t, master.port)
  const board = await boardOn(t, master.url, 1)
  await board.post()
  replica.freeze()
  t.teardown(() => replica.thaw())
  await until(async () => (await board.post().catch(({ message }) => /NOREPLICAS/.test(message))) === true)
  replica.thaw()
  await until(() => board.post().catch(() => undefined))
})

t.test('beats that are sent to one server and listened for at another vouch for nothing', async (t) => {
  const [one, other] = [await startRedis(), await startRedis()]
  t.teardown(() => Promise.all([one.stop(), other.stop()]))
  const listenAt = async (url: string) => {
    const id = randomUUID()
    const board = newBoard(one.url)
    const channels = board.channelsOf(id)
    return new RevocationListener({
      id,
      leaseMs: 500,
      board,
      listen: (on) => new RedisSubscription({ servers: { url }, channels, ...on }),
      heed: async () => {},
      monotonic: () => performance.now(),
    })
  }
  const together = await listenAt(one.url)
  const apart = await listenAt(other.url)
  t.teardown(() => Promise.all([together.stop(), apart.stop()]))
  await Promise.all([together.connect(), apart.connect()])
  await Promise.all([together.start(), apart.start()])
  await until(() => together.attentiveUntil > performance.now())
  await sleep(1_000)
  t.equal(apart.attentiveUntil, Number.NEGATIVE_INFINITY)
})
