/**
 * Two gateways with one PostgreSQL, one of them cut off from Redis without a word: a revocation waits until that one
 * has stopped trusting its memory, and the gateway goes on serving with the store's help.
 * @module
 */

import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { cache as cacheSchema } from '../../../src/config/schema/tokens.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { announceChange, type Propagation } from '../../../src/tokens/cache/revocation-announcer.ts'
import { newKeyRing } from '../../../src/tokens/keys/key-ring-text.ts'
import { startFaultyProxy } from '../../support/faulty-proxy.ts'
import { startTestGateway, type TestGateway } from '../../support/gateway.ts'
import { freshDatabase } from '../../support/postgres.ts'
import { startRedis } from '../../support/redis.ts'
import { until } from '../../support/until.ts'
import { type Load, startLoad, startPlainUpstream } from './load.ts'

const leaseMs = 2_000
/** Of a machine that is busy, beyond the lease. */
const slackMs = 1_000

const redis = await startRedis()
t.teardown(() => redis.stop())
const proxy = await startFaultyProxy(t, redis.port)
const ring = newKeyRing(systemClock).reveal()
const prefix = `test-${randomUUID()}:`
const postgres = { url: await freshDatabase(t) }
const upstream = await startPlainUpstream(t)
const cacheBy = (port: number) => ({
  redis: { url: `redis://127.0.0.1:${port}`, prefix, timeout: '250ms' },
})

function startGateway(redisPort: number): Promise<TestGateway> {
  return startTestGateway(t, {
    upstream,
    routes: [{ match: { path: '/{path*}' } }],
    keys: { ring },
    store: { postgres },
    cache: cacheBy(redisPort),
    log: { requests: false },
  })
}

const direct = await startGateway(redis.port)
const behindProxy = await startGateway(proxy.port)
const ports = [direct.port, behindProxy.port]
// From then on Redis is known not to have forgotten anybody.
await sleep(leaseMs + 200)

const announce = (redisPort: number) => announceChange(cacheSchema.parse(cacheBy(redisPort)))

/** Revokes under load; `act` comes once both gateways answer from memory, and before the revocation. */
async function trial(t: Test, act: () => unknown, redisPort = redis.port): Promise<Propagation> {
  const { text, token } = await direct.issue()
  const load = startLoad(ports, text, 3)
  await until(() => load.answers > 100)
  await act()
  await direct.store.revokeToken(token.id, { at: Date.now(), by: 'test', origin: 'test', cause: '' })
  const propagation = await announce(redisPort)
  await noneAfter(t, load, performance.now())
  return propagation
}

async function noneAfter(t: Test, load: Load, returnedAt: number): Promise<void> {
  const answersThen = load.answers
  await until(() => load.answers > answersThen + 100)
  await load.stop()
  t.same(load.letThroughAfter(returnedAt), [], 'none that began after the return is let through')
}

t.test(
  'with both gateways listening a revocation returns as soon as both have asked the store',
  async (t) => {
    const { everywhere, waitedMs, replicas } = await trial(t, () => {})
    t.same({ everywhere, replicas }, { everywhere: true, replicas: 2 })
    t.ok(waitedMs < 1_000, `${waitedMs} ms`)
  },
)

for (const cutForMs of [0, 300, 900, 1_700, 2_500]) {
  t.test(
    `a gateway that has heard nothing for ${cutForMs} ms lets nothing through after the return`,
    async (t) => {
      t.teardown(() => proxy.behave('open'))
      const { everywhere, waitedMs } = await trial(t, async () => {
        proxy.behave('stalled')
        await sleep(cutForMs)
      })
      t.equal(everywhere, true)
      t.ok(waitedMs < leaseMs + slackMs, `${waitedMs} ms`)
      if (cutForMs > leaseMs) t.ok(waitedMs < 1_000, `nobody waits for it any more: ${waitedMs} ms`)
    },
  )
}

t.test('a gateway that is cut off goes on serving, and refuses what is revoked at once', async (t) => {
  t.teardown(() => proxy.behave('open'))
  proxy.behave('stalled')
  await sleep(leaseMs + slackMs)
  const known = await direct.issue()
  const ask = async () =>
    (await behindProxy.request({ headers: [['Authorization', `Bearer ${known.text}`]] })).status
  const hits = 'sallyport_token_lookups_total{tier="memory",result="hit"}'
  const finds = 'sallyport_store_queries_total{operation="find"}'
  t.equal(await ask(), 200)
  const before = { hits: await behindProxy.metric(hits), finds: await behindProxy.metric(finds) }
  for (let request = 0; request < 20; request++) t.equal(await ask(), 200)
  t.equal(await behindProxy.metric(hits), before.hits + 20, 'from memory')
  t.equal(await behindProxy.metric(finds), before.finds, 'which a fetch of changes vouches for')
  await direct.store.revokeToken(known.token.id, { at: Date.now(), by: 'test', origin: 'test', cause: '' })
  t.equal(await ask(), 401, 'without any wait')
})

t.test('a gateway that hears again is waited for again', async (t) => {
  await sleep(leaseMs + slackMs)
  const { replicas, waitedMs } = await trial(t, () => {})
  t.equal(replicas, 2)
  t.ok(waitedMs < 1_000, `${waitedMs} ms`)
})

t.test('a revocation that cannot reach Redis says so, and waits for the polls', async (t) => {
  t.teardown(() => proxy.behave('open'))
  const { everywhere, waitedMs } = await trial(t, () => proxy.behave('stalled'), proxy.port)
  t.equal(everywhere, false)
  t.ok(waitedMs >= 900, `${waitedMs} ms`)
})

t.test('a Redis that has lost all it knew is not taken for one without replicas', async (t) => {
  await sleep(leaseMs + slackMs)
  const { everywhere, waitedMs } = await trial(t, async () => {
    await redis.kill()
    await redis.restart()
  })
  t.equal(everywhere, true)
  t.ok(waitedMs < leaseMs + slackMs, `${waitedMs} ms`)
})
