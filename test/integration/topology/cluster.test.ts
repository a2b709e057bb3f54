/**
 * Gateways whose Redis is a cluster: what holds with one server holds while slots move and nodes fail.
 * @module
 */

import t from 'tap'
import type { Server } from '../../support/private-server.ts'
import { startRedisCluster } from '../../support/redis-cluster.ts'
import { ask } from '../../support/redis-sentinel.ts'
import { until } from '../../support/until.ts'
import { startLoad } from '../revocation/load.ts'
import { startPair, statusesOf, trial, untilAllHeed } from './pair.ts'

const cluster = await startRedisCluster(t)
const pair = await startPair(t, { cluster: cluster.settings })
/** In the slot of the notice board. */
const board = `${pair.prefix}{revocation}:replicas`
/** After a commit nobody goes by what was before it for longer, whatever became of Redis. */
const revokedWithinMs = 1_000

async function anotherMasterThan(holder: Server): Promise<Server> {
  const other = (await cluster.masters()).find((node) => node !== holder)
  if (other === undefined) throw new Error('there is no other master')
  return other
}

t.test(
  'entries on every node are found by another gateway, sealed, and grant nothing once tampered with',
  async (t) => {
    const third = await pair.join()
    await untilAllHeed(t, pair, 3)
    const found = (result: string) =>
      third.metric(`sallyport_token_lookups_total{tier="redis",result="${result}"}`)
    const status = async (text: string) =>
      (await third.request({ headers: [['Authorization', `Bearer ${text}`]] })).status
    const holders = new Set<Server>()
    for (let each = 0; each < 12; each++) {
      const { text, token } = await pair.gateways[0].issue()
      t.same(await statusesOf(pair, text), [200, 200])
      const key = pair.keyOf(text)
      const holder = await cluster.holderOf(key)
      holders.add(holder)
      const entry = await ask(holder.port, (redis) => redis.getBuffer(key))
      if (entry === undefined || entry === null) throw new Error('there is no entry')
      for (const secret of [text, token.id, token.subject.name]) t.notOk(entry.includes(secret))
      if (each % 2 === 0) {
        t.equal(await status(text), 200)
      } else {
        entry[entry.length - 1] = (entry.at(-1) ?? 0) ^ 1
        await ask(holder.port, (redis) => redis.set(key, entry))
        await pair.commit({ text, token })
        await pair.announce()
        t.equal(await status(text), 401)
      }
    }
    t.ok((await found('hit')) > 0)
    t.ok((await found('rejected')) > 0)
    t.ok(holders.size > 1, 'on more than one node')
  },
)

t.test('a revocation holds on both gateways when it returns, fifty times', async (t) => {
  await untilAllHeed(t, pair)
  for (let each = 0; each < 50; each++) t.same((await trial(t, pair)).after, [401, 401])
})

t.test('the slot of the notice board moves to and fro while revocations go on', async (t) => {
  for (let move = 0; move < 3; move++) {
    const target = await anotherMasterThan(await cluster.holderOf(board))
    let isMoved = false
    const moving = cluster.moveSlot(board, target).finally(() => {
      isMoved = true
    })
    do t.same((await trial(t, pair)).after, [401, 401])
    while (!isMoved)
    await moving
    t.equal(await cluster.holderOf(board), target)
    await untilAllHeed(t, pair)
  }
})

t.test('a frozen node costs no request, and revocations hold until it is replaced and after', async (t) => {
  const frozen = await cluster.holderOf(board)
  const known = await pair.gateways[0].issue()
  const load = startLoad(pair.ports, known.text, 2)
  await until(() => load.answers > 50)
  frozen.freeze()
  try {
    while ((await cluster.holderOf(board)) === frozen) t.same((await trial(t, pair)).after, [401, 401])
    await untilAllHeed(t, pair)
  } finally {
    frozen.thaw()
  }
  // It comes back as a master that knows of nothing, with what was sent to it meanwhile.
  for (let each = 0; each < 10; each++) t.same((await trial(t, pair)).after, [401, 401])
  t.equal(load.letThroughAfter(0).length, load.answers, 'every request was let through')
  await load.stop()
})

t.test(
  'a node that is killed costs no request and no revocation, and nobody restarts anything',
  async (t) => {
    const killed = await cluster.holderOf(board)
    const known = await pair.gateways[0].issue()
    const load = startLoad(pair.ports, known.text, 2)
    await until(() => load.answers > 50)
    await killed.kill()
    while ((await cluster.holderOf(board)) === killed) t.same((await trial(t, pair)).after, [401, 401])
    await untilAllHeed(t, pair)
    t.equal(load.letThroughAfter(0).length, load.answers, 'every request was let through')
    await pair.commit(known)
    const committedAt = performance.now()
    await pair.announce()
    const answers = load.answers
    await until(() => load.answers > answers + 50)
    await load.stop()
    t.same(load.letThroughAfter(committedAt + revokedWithinMs), [])
  },
)
