/**
 * Two gateways as processes of their own, with one PostgreSQL and one Redis, under load: when a revocation returns,
 * no request that begins later is let through by either.
 * @module
 */

import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { settings as settingsSchema } from '../../../src/config/schema/settings.ts'
import { cache as cacheSchema } from '../../../src/config/schema/tokens.ts'
import { announceChange } from '../../../src/tokens/cache/revocation-announcer.ts'
import { openTokenStore } from '../../../src/tokens/stores/open-token-store.ts'
import { anySealer } from '../../support/act.ts'
import { newInstallation } from '../../support/installation.ts'
import { freshDatabase } from '../../support/postgres.ts'
import { sharedRedisUrl } from '../../support/redis.ts'
import { until } from '../../support/until.ts'
import { startLoad, startPlainUpstream } from './load.ts'

const calls = 30
const commands = 5
const connectionsEach = 6

const cache = { redis: { url: sharedRedisUrl(), prefix: `test-${randomUUID()}:`, timeout: '1s' } }
const postgres = { url: await freshDatabase(t) }
const upstream = await startPlainUpstream(t)
const installation = newInstallation(t, {
  upstream,
  store: { postgres },
  cache,
  log: { requests: false },
})
const gateways = [await installation.serve(), await installation.serve()]
const ports = gateways.map(({ port }) => port)

const store = openTokenStore(settingsSchema.shape.store.parse({ postgres }), { sealer: anySealer })
t.teardown(() => store.close())

/** Runs `revoke` under load and yields how long it took; what was let through after its return fails the test. */
async function trial(t: Test, revoke: (id: string) => Promise<unknown>): Promise<number> {
  const { text, token } = await installation.issue()
  const load = startLoad(ports, text, connectionsEach)
  await until(() => load.answers > 200)
  const startedAt = performance.now()
  await revoke(token.id)
  const returnedAt = performance.now()
  const answersThen = load.answers
  await until(() => load.answers > answersThen + 200)
  await load.stop()
  t.ok(load.letThroughAfter(0).length >= 100, 'it was let through before')
  t.same(load.letThroughAfter(returnedAt), [], 'none that began after the return is let through')
  return returnedAt - startedAt
}

t.test('none of the requests that begin after a revocation has returned is let through', async (t) => {
  // A board that has just been made may have forgotten somebody, and is waited for.
  await sleep(2_200)
  const tookMs: number[] = []
  for (let call = 0; call < calls; call++) {
    tookMs.push(
      await trial(t, async (id) => {
        await store.revokeToken(id, { at: Date.now(), by: 'test', origin: 'test', cause: '' })
        const { everywhere, replicas } = await announceChange(cacheSchema.parse(cache))
        t.same({ everywhere, replicas }, { everywhere: true, replicas: gateways.length })
      }),
    )
  }
  const [median = Number.NaN] = tookMs.toSorted((a, b) => a - b).slice(calls / 2)
  t.ok(median < 250, `half of them took ${Math.round(median)} ms`)
})

t.test('none of the requests that begin after «token revoke» has returned is let through', async (t) => {
  for (let command = 0; command < commands; command++) {
    await trial(t, async (id) => {
      const { code, stderr } = await installation.run('token', 'revoke', id)
      t.equal(code, 0)
      t.match(stderr, /In force on every replica \(2\)/)
    })
  }
})

t.test('each replica counts how long changes take to reach it', async (t) => {
  for (const gateway of gateways) {
    const count = await gateway.metric('sallyport_revocation_propagation_seconds_count')
    t.equal(count, calls + commands)
    t.equal(await gateway.metric('sallyport_revocation_propagation_seconds_bucket{le="1"}'), count)
  }
})
