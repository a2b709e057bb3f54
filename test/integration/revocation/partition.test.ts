/**
 * One of two gateways is cut off by packets that are dropped, connections left open: from notices, from Redis, from
 * PostgreSQL, from both. A token revoked by the way that still works is not let through by either once the revocation
 * has returned, whatever moment of the partition it comes at; and within `cache.lease` where nobody waits for it.
 * @module
 */

import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { cache as cacheSchema } from '../../../src/config/schema/tokens.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { announceChange } from '../../../src/tokens/cache/revocation-announcer.ts'
import { newKeyRing } from '../../../src/tokens/keys/key-ring-text.ts'
import { actAt } from '../../support/act.ts'
import { type FaultyProxy, startFaultyProxy } from '../../support/faulty-proxy.ts'
import { type GatewayInput, startTestGateway, type TestGateway } from '../../support/gateway.ts'
import { freshDatabase } from '../../support/postgres.ts'
import type { Scope } from '../../support/private-server.ts'
import { request } from '../../support/raw-request.ts'
import { sharedRedisUrl } from '../../support/redis.ts'
import { brokenOff, until } from '../../support/until.ts'
import { ask, codeOf } from '../tiers/fleet.ts'
import { startLoad, startPlainUpstream } from './load.ts'

const trials = 20
/** Short, so that many trials take little time. */
const lease = { cacheMs: 300, redisMs: 500 }
/** What the slowest request that began in time may take, on a machine that is busy. */
const allowanceMs = 100
const graceMs = 1_500

interface Pair {
  /** Reaches everything directly. */
  readonly whole: TestGateway
  /** Has a proxy on each of its ways. */
  readonly cutOff: TestGateway
  readonly ways: Readonly<Record<'redis' | 'postgres', FaultyProxy>>
  announce(): Promise<unknown>
}

interface PairPlan {
  readonly withRedis?: boolean
  readonly outageGrace?: string
}

async function startPair(t: Scope, { withRedis = true, outageGrace = '60s' }: PairPlan = {}): Promise<Pair> {
  const postgresUrl = await freshDatabase(t)
  const behind = async (url: string) => {
    const target = new URL(url)
    const proxy = await startFaultyProxy(t, Number(target.port))
    target.port = String(proxy.port)
    return [proxy, target.href] as const
  }
  const [postgres, postgresByProxy] = await behind(postgresUrl)
  const [redis, redisByProxy] = await behind(sharedRedisUrl())
  const upstream = await startPlainUpstream(t)
  const ring = newKeyRing(systemClock).reveal()
  const prefix = `test-${randomUUID()}:`
  const cacheBy = (url: string): NonNullable<GatewayInput['cache']> => ({
    pollInterval: '100ms',
    lease: `${lease.cacheMs}ms`,
    ...(withRedis && { redis: { url, prefix, timeout: '250ms', lease: `${lease.redisMs}ms` } }),
  })
  const start = (storeUrl: string, redisUrl: string) =>
    startTestGateway(t, {
      upstream,
      routes: [{ match: { path: '/{path*}' } }],
      keys: { ring },
      store: { postgres: { url: storeUrl }, outageGrace },
      cache: cacheBy(redisUrl),
      log: { requests: false },
    })
  return {
    whole: await start(postgresUrl, sharedRedisUrl()),
    cutOff: await start(postgresByProxy, redisByProxy),
    ways: { redis, postgres },
    announce: () => announceChange(cacheSchema.parse(cacheBy(sharedRedisUrl()))),
  }
}

async function revoke({ whole }: Pair, tokenId: string): Promise<void> {
  await whole.store.revokeToken(tokenId, actAt(Date.now()))
}

interface Cut {
  readonly from: string
  readonly begin: (ways: Pair['ways']) => void
  /** From a commit on, until the gateway trusts nothing from before, heard or not. */
  readonly boundMs: number
}

const cuts: readonly Cut[] = [
  {
    from: 'the notices in Redis',
    begin: ({ redis }) => redis.behave('stalled', /subscribe/i),
    boundMs: lease.cacheMs,
  },
  { from: 'Redis', begin: ({ redis }) => redis.behave('stalled'), boundMs: lease.cacheMs },
  { from: 'PostgreSQL', begin: ({ postgres }) => postgres.behave('stalled'), boundMs: lease.cacheMs },
  {
    from: 'PostgreSQL and Redis',
    begin(ways) {
      for (const way of Object.values(ways)) way.behave('stalled')
    },
    boundMs: lease.redisMs,
  },
]

/** Requests that were let through although they began after the revocation had returned, or too long after its commit. */
interface Late {
  readonly afterReturn: number
  readonly afterBound: number
}

/** Both gateways know a token, then one is cut off; the revocation comes `afterMs` later. */
async function trial(pair: Pair, { begin, boundMs }: Cut, afterMs: number): Promise<Late> {
  const { whole, cutOff, ways } = pair
  await until(async () => (await checksOf(cutOff)) === 'ok ok')
  const { text, token } = await whole.issue()
  const load = startLoad([whole.port, cutOff.port], text, 2, { pauseMs: 5 })
  await until(() => load.answers > 40)
  begin(ways)
  await sleep(afterMs)
  await revoke(pair, token.id)
  const committedAt = performance.now()
  await pair.announce()
  const returnedAt = performance.now()
  const boundAt = committedAt + boundMs + allowanceMs
  await sleep(Math.max(returnedAt, boundAt) + 50 - performance.now())
  for (const way of Object.values(ways)) way.behave('open')
  // What has waited for the end of the partition is refused as well.
  await sleep(50)
  await load.stop()
  return {
    afterReturn: load.letThroughAfter(returnedAt).length,
    afterBound: load.letThroughAfter(boundAt).length,
  }
}

/** Of tokens and of Redis, where there is one: `ok degraded`. */
async function checksOf({ adminPort }: TestGateway): Promise<string> {
  const { body } = await request(adminPort, { path: '/readyz' })
  const { tokens, redis } = JSON.parse(body.toString()).checks
  return [tokens, redis].filter((state) => state !== undefined).join(' ')
}

t.jobs = cuts.length
for (const cut of cuts) {
  const name = `a gateway cut off from ${cut.from} lets nothing through once a revocation has returned`
  t.test(name, { buffered: true }, async (t) => {
    const pair = await startPair(t)
    // From then on Redis is known not to have forgotten anybody.
    await sleep(2 * lease.redisMs)
    for (let index = 0; index < trials; index++) {
      const afterMs = 30 * index
      const late = await trial(pair, cut, afterMs)
      t.same(late, { afterReturn: 0, afterBound: 0 }, `revoked ${afterMs} ms after the cut`)
    }
  })
}

async function passes(gateway: TestGateway, text: string): Promise<boolean> {
  return (await ask(gateway, text).catch(brokenOff)).status === 200
}

/** Milliseconds from the cut on for which a token passes that others have revoked, without a word to Redis. */
async function passesUnheardMs(pair: Pair): Promise<number> {
  const { whole, cutOff, ways } = pair
  const { text, token } = await whole.issue()
  await until(() => passes(cutOff, text))
  ways.postgres.behave('stalled')
  const cutAt = performance.now()
  await revoke(pair, token.id)
  let lastAt = cutAt
  // No longer than twice the grace: whoever passes then passes for ever.
  while (performance.now() < cutAt + 2 * graceMs) {
    const startedAt = performance.now()
    if (await passes(cutOff, text)) lastAt = startedAt
    await sleep(5)
  }
  ways.postgres.behave('open')
  await until(async () => codeOf(await ask(cutOff, text)) === 'invalid_token')
  return lastAt - cutAt
}

for (const withRedis of [false, true]) {
  const where = withRedis ? 'with Redis, when nobody posts a notice' : 'without Redis'
  t.test(
    `${where}, a gateway cut off from PostgreSQL does not see a revocation during its grace, and no longer`,
    { buffered: true },
    async (t) => {
      const lastedMs = await passesUnheardMs(await startPair(t, { withRedis, outageGrace: `${graceMs}ms` }))
      t.ok(
        lastedMs > lease.cacheMs + allowanceMs,
        `it passed for ${Math.round(lastedMs)} ms: this is the exception`,
      )
      t.ok(lastedMs < graceMs, `it passed for ${Math.round(lastedMs)} ms`)
    },
  )

  t.test(
    `${where}, a gateway without grace cut off from PostgreSQL refuses it within the lease`,
    { buffered: true },
    async (t) => {
      const lastedMs = await passesUnheardMs(await startPair(t, { withRedis, outageGrace: '0s' }))
      t.ok(lastedMs < lease.cacheMs + allowanceMs, `it passed for ${Math.round(lastedMs)} ms`)
    },
  )
}
