/**
 * PostgreSQL killed or frozen under running gateways: known tokens go on for the grace, everybody else is told 503
 * and soon, never 401; readiness tells; and all is well again without a restart once PostgreSQL is back.
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { newTokenText } from '../../../src/tokens/token-text.ts'
import type { TestGateway } from '../../support/gateway.ts'
import { startPostgres } from '../../support/postgres.ts'
import { type RawAnswer, request } from '../../support/raw-request.ts'
import { startRedis } from '../../support/redis.ts'
import { brokenOff, until } from '../../support/until.ts'
import { ask, codeOf, newFleet } from './fleet.ts'

const graceMs = 4_000
/** Polls notice a frozen server within the lease; the rest is for a machine that is busy. */
const answerMsMax = 2_000

const [postgres, redis] = await Promise.all([startPostgres(), startRedis()])
t.teardown(() => Promise.all([postgres.stop(), redis.stop()]))
const fleet = await newFleet(t, { postgresUrl: postgres.url, redisUrl: redis.url })

const feedAge = 'sallyport_change_feed_age_seconds'

const outages = [
  ['killed', () => postgres.kill(), () => postgres.restart()],
  ['frozen', async () => postgres.freeze(), async () => postgres.thaw()],
] as const

interface Timed {
  readonly answer: RawAnswer
  readonly sentAt: number
  readonly tookMs: number
}

async function timed(gateway: TestGateway, text: string): Promise<Timed> {
  const sentAt = performance.now()
  const answer = await ask(gateway, text)
  return { answer, sentAt, tookMs: performance.now() - sentAt }
}

/** Asks every 20 milliseconds without waiting for answers, each time with what `nextText` yields. */
async function askFor(durationMs: number, gateway: TestGateway, nextText: () => string) {
  const pending: Promise<Timed>[] = []
  const end = performance.now() + durationMs
  while (performance.now() < end) {
    pending.push(timed(gateway, nextText()))
    await sleep(20)
  }
  return Promise.all(pending)
}

function slowest(all: readonly Timed[]): number {
  return Math.round(Math.max(...all.map(({ tookMs }) => tookMs)))
}

/** What each answer was, as `503 cannot_decide`, without repetition. */
function kinds(all: readonly Timed[]): readonly string[] {
  return [...new Set(all.map(({ answer }) => `${answer.status} ${codeOf(answer) ?? ''}`.trim()))]
}

async function adminSays({ adminPort }: TestGateway, path: string): Promise<unknown> {
  const { status, body } = await request(adminPort, { path })
  return path === '/readyz' ? { status, tokens: JSON.parse(body.toString()).checks.tokens } : status
}

for (const [how, fail, mend] of outages) {
  t.test(`with PostgreSQL ${how}`, async (t) => {
    const gateway = await fleet.startReplica({ outageGrace: `${graceMs}ms` })
    const neighbour = await fleet.startReplica()
    const [inMemory, inRedis, cold] = [await gateway.issue(), await gateway.issue(), await gateway.issue()]
    await ask(neighbour, inRedis.text)
    await ask(gateway, inMemory.text)
    await neighbour.close()
    t.same(await adminSays(gateway, '/readyz'), { status: 200, tokens: 'ok' })
    t.ok((await gateway.metric(feedAge)) < 1)

    const sentBefore = fleet.upstream.requests.length
    const failedAt = performance.now()
    await fail()
    t.teardown(mend)
    const never = () => newTokenText('personal').reveal()
    const [known, shared, coldOnes, unknown] = await Promise.all([
      askFor(2_500, gateway, () => inMemory.text),
      askFor(2_500, gateway, () => inRedis.text),
      askFor(2_500, gateway, () => cold.text),
      askFor(2_500, gateway, never),
    ])
    t.same(kinds(known), ['200'], 'a token in memory goes on')
    t.same(kinds(shared), ['200'], 'a token in Redis goes on')
    t.same(kinds(coldOnes), ['503 cannot_decide'], 'a token that nobody remembers waits')
    t.same(kinds(unknown), ['503 cannot_decide'], 'an unknown token is never called bad')
    t.ok(unknown.every(({ answer }) => answer.header('retry-after').join() === '1'))
    t.ok(unknown.every(({ answer }) => answer.header('www-authenticate').length === 0))
    for (const all of [known, shared]) t.ok(slowest(all) < 1_000, `the slowest took ${slowest(all)} ms`)
    for (const all of [coldOnes, unknown]) {
      t.ok(slowest(all) < answerMsMax, `the slowest took ${slowest(all)} ms`)
    }
    const settled = [known, shared, coldOnes, unknown]
      .flat()
      .filter(({ sentAt }) => sentAt > failedAt + 1_500)
    t.ok(slowest(settled) < 1_000, `once it is noticed, the slowest took ${slowest(settled)} ms`)
    t.equal(fleet.upstream.requests.length, sentBefore + known.length + shared.length)
    t.same(await adminSays(gateway, '/readyz'), { status: 200, tokens: 'degraded' })
    t.equal(await adminSays(gateway, '/livez'), 200)
    t.ok((await gateway.metric(feedAge)) > 2)

    await until(async () => (await ask(gateway, inMemory.text)).status === 503)
    const lastedMs = performance.now() - failedAt
    t.ok(
      lastedMs > graceMs - 1_000 && lastedMs < graceMs + 500,
      `the grace lasted ${Math.round(lastedMs)} ms`,
    )
    const sentInGrace = fleet.upstream.requests.length
    for (const { text } of [inMemory, inRedis, cold]) {
      t.equal(codeOf(await ask(gateway, text)), 'cannot_decide')
    }
    t.equal(fleet.upstream.requests.length, sentInGrace)
    t.same(await adminSays(gateway, '/readyz'), { status: 503, tokens: 'failed' })
    t.equal(await adminSays(gateway, '/livez'), 200)

    await mend()
    await until(async () => (await ask(gateway, cold.text)).status === 200)
    t.equal((await ask(gateway, inMemory.text)).status, 200)
    t.equal((await ask(gateway, inRedis.text)).status, 200)
    t.equal(codeOf(await ask(gateway, never())), 'invalid_token')
    t.same(await adminSays(gateway, '/readyz'), { status: 200, tokens: 'ok' })
    await gateway.store.revokeToken(cold.token.id, { at: Date.now(), by: 'test', origin: 'test', cause: '' })
    const tookMs = await until(async () => (await ask(gateway, cold.text).catch(brokenOff)).status === 401)
    t.ok(tookMs < 1_000, `revoked within ${Math.round(tookMs)} ms`)
  })
}

t.test('without grace an outage refuses known tokens as well, within the lease', async (t) => {
  const gateway = await fleet.startReplica({ outageGrace: '0s' })
  const { text } = await gateway.issue()
  await ask(gateway, text)
  postgres.freeze()
  t.teardown(() => postgres.thaw())
  await sleep(1_000)
  const { answer, tookMs } = await timed(gateway, text)
  t.equal(codeOf(answer), 'cannot_decide')
  t.ok(tookMs < 1_000, `${Math.round(tookMs)} ms`)
  t.same(await adminSays(gateway, '/readyz'), { status: 503, tokens: 'failed' })
})
