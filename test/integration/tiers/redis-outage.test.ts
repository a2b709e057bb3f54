/**
 * Redis killed or frozen under running gateways: every request is decided all the same, none waits long, readiness
 * tells, and Redis is used again once it is back.
 * @module
 */

import t from 'tap'
import type { TestGateway } from '../../support/gateway.ts'
import { freshDatabase } from '../../support/postgres.ts'
import { request } from '../../support/raw-request.ts'
import { startRedis } from '../../support/redis.ts'
import { brokenOff, until } from '../../support/until.ts'
import { ask, counted, newFleet } from './fleet.ts'

const server = await startRedis()
t.teardown(() => server.stop())
const fleet = await newFleet(t, { postgresUrl: await freshDatabase(t), redisUrl: server.url })

const outages = [
  ['killed', () => server.kill(), () => server.restart()],
  ['frozen', async () => server.freeze(), async () => server.thaw()],
] as const

async function issueMany(gateway: TestGateway, count: number): Promise<readonly string[]> {
  const texts: string[] = []
  for (let index = 0; index < count; index++) texts.push((await gateway.issue()).text)
  return texts
}

/** Milliseconds that each request took, one after the other; throws unless all are let through. */
async function timeEach(gateway: TestGateway, texts: readonly string[]): Promise<readonly number[]> {
  const times: number[] = []
  for (const text of texts) {
    const startedAt = performance.now()
    const { status } = await ask(gateway, text)
    times.push(performance.now() - startedAt)
    if (status !== 200) throw new Error(`answered ${status}`)
  }
  return times
}

function medianOf(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN
}

async function readiness({ adminPort }: TestGateway) {
  const { status, body } = await request(adminPort, { path: '/readyz' })
  return { status, ...JSON.parse(body.toString()) }
}

for (const [how, fail, mend] of outages) {
  t.test(
    `with Redis ${how} every request is decided, soon, and Redis is used again when it is back`,
    async (t) => {
      const gateway = await fleet.startReplica({ redisTimeout: '50ms' })
      const [known = '', ...cold] = await issueMany(gateway, 101)
      await ask(gateway, known)
      t.same(await readiness(gateway), {
        status: 200,
        ready: true,
        checks: { dataPlane: 'ok', tokens: 'ok', redis: 'ok' },
      })
      await fail()
      t.teardown(mend)

      const sent = fleet.upstream.requests.length
      let times: readonly number[] = []
      const counts = await counted(gateway, async () => {
        times = await timeEach(gateway, cold)
      })
      t.ok(Math.max(...times) < 800, `the slowest took ${Math.round(Math.max(...times))} ms`)
      t.ok(
        medianOf(times) < 45,
        `half of them took ${Math.round(medianOf(times))} ms: a few find out for all`,
      )
      t.match(counts, { 'store hit': 100, query: 100 }, 'the store decides instead')
      t.equal(counts['redis hit'] ?? 0, 0)
      t.same(await counted(gateway, () => ask(gateway, known)), { 'memory hit': 1 })
      t.equal(fleet.upstream.requests.length, sent + 101)
      t.same(await readiness(gateway), {
        status: 200,
        ready: true,
        checks: { dataPlane: 'ok', tokens: 'ok', redis: 'degraded' },
      })

      await mend()
      await until(async () => {
        const [fresh = ''] = await issueMany(gateway, 1)
        return (await counted(gateway, () => ask(gateway, fresh)))['redis miss']
      })
      const answering = () => gateway.log.filter(({ message }) => message === 'Redis answers').length
      await until(() => answering() > 1)
      // Notices have a connection of their own, which is opened anew as well.
      await until(async () => (await readiness(gateway)).checks.redis === 'ok')
      t.same(await readiness(gateway), {
        status: 200,
        ready: true,
        checks: { dataPlane: 'ok', tokens: 'ok', redis: 'ok' },
      })
    },
  )

  t.test(`with Redis ${how} a gateway starts, and a revoked token is refused within a second`, async (t) => {
    await fail()
    t.teardown(mend)
    const gateway = await fleet.startReplica({ redisTimeout: '50ms' })
    const { text, token } = await gateway.issue()
    t.equal((await ask(gateway, text)).status, 200)
    await gateway.store.revokeToken(token.id, { at: Date.now(), by: 'test', origin: 'test', cause: '' })
    const tookMs = await until(async () => (await ask(gateway, text).catch(brokenOff)).status === 401)
    t.ok(tookMs < 1_000, `${Math.round(tookMs)} ms`)
  })
}
