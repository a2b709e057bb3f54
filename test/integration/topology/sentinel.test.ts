/**
 * Gateways whose Redis is a master with replicas under Sentinel: what holds with one server holds before, during and
 * after a failover, whatever becomes of the former master.
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { ask, startSentinelGroup } from '../../support/redis-sentinel.ts'
import { until } from '../../support/until.ts'
import { startLoad } from '../revocation/load.ts'
import { startPair, statusesOf, trial, untilAllHeed } from './pair.ts'

const group = await startSentinelGroup(t)
const pair = await startPair(t, { sentinel: group.settings })
/** After a commit nobody goes by what was before it for longer, whatever became of Redis. */
const revokedWithinMs = 1_000

t.test('a token that one gateway looked up is found in Redis by another, sealed', async (t) => {
  const { text, token } = await pair.gateways[0].issue()
  t.same(await statusesOf(pair, text), [200, 200])
  const third = await pair.join()
  await untilAllHeed(t, pair, 3)
  const { status } = await third.request({ headers: [['Authorization', `Bearer ${text}`]] })
  t.equal(status, 200)
  t.equal(await third.metric('sallyport_token_lookups_total{tier="redis",result="hit"}'), 1)
  const { port } = await group.named()
  const entry = await ask(port, (redis) => redis.getBuffer(pair.keyOf(text)))
  t.ok(entry && entry.length > 0)
  for (const secret of [text, token.id, token.subject.name]) t.notOk(entry?.includes(secret), secret)
})

t.test('a revocation holds on both gateways when it returns, fifty times', async (t) => {
  await untilAllHeed(t, pair)
  for (let each = 0; each < 50; each++) t.same((await trial(t, pair)).after, [401, 401])
})

t.test('a failover that leaves the former master up lets no revocation return early', async (t) => {
  const former = await group.named()
  const failingOver = group.failOver()
  for (let isOver = false; !isOver; ) {
    isOver = await Promise.race([failingOver.then(() => true), sleep(0).then(() => false)])
    t.same((await trial(t, pair)).after, [401, 401])
  }
  // The former master is told by nobody for several seconds.
  t.match(String(await ask(former.port, (redis) => redis.info('replication'))), /role:master/)
  for (let each = 0; each < 20; each++) t.same((await trial(t, pair)).after, [401, 401])
  await untilAllHeed(t, pair)
})

t.test(
  'a master that is killed costs no request and no revocation, and nobody restarts anything',
  async (t) => {
    const former = await group.named()
    const known = await pair.gateways[0].issue()
    const load = startLoad(pair.ports, known.text, 2)
    await until(() => load.answers > 50)
    await former.kill()
    let committedAt = 0
    let isReplaced = false
    const replaced = group.replaced(former).then(() => {
      isReplaced = true
    })
    while (!isReplaced) t.same((await trial(t, pair)).after, [401, 401])
    await replaced
    await untilAllHeed(t, pair)
    const answersBefore = load.answers
    const letThrough = load.letThroughAfter(0).length
    t.equal(letThrough, answersBefore, 'every request was let through')
    await pair.commit(known)
    committedAt = performance.now()
    await pair.announce()
    await until(() => load.answers > answersBefore + 50)
    await load.stop()
    t.same(load.letThroughAfter(committedAt + revokedWithinMs), [])
  },
)
