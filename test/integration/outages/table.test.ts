/**
 * The table «When a part fails», row by row: PostgreSQL, Redis and both, each killed, frozen, slow, trickling and
 * half-open, under two gateways that share them and are never restarted. What a token gets does not depend on how the
 * part fails, nor does how soon it gets it.
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { TestGateway } from '../../support/gateway.ts'
import { request } from '../../support/raw-request.ts'
import { brokenOff, until } from '../../support/until.ts'
import { goesOn, type OpenStream, openStream } from '../streams/open-streams.ts'
import { ask, codeOf } from '../tiers/fleet.ts'
import { answersOf, type Cast, newCast, type Questions, startAsking } from './questions.ts'
import { failures, newScene, type Part, type Scene } from './scene.ts'

const graceMs = 4_000
/** From the commit of a revocation: `cache.lease` and a tenth of a second. */
const revokedMsMax = 1_100
/** `cache.redis.lease`. */
const redisLeaseMs = 2_000
/** Less than the first byte takes to come back from a part that is slow, whatever the machine does beside. */
const answerMsMax = 4_000
/** Of a machine that is busy, for the end of a stream. */
const slackMs = 3_000

interface Outage extends Scene {
  readonly cast: Cast
  readonly questions: Questions
  /** Of a token, on the first gateway. */
  readonly stream: OpenStream
  readonly publicStream: OpenStream
  /** When the parts had failed. */
  readonly failedAt: number
  readonly sentBefore: number
}

async function beginOutage(t: Test, scene: Scene, parts: readonly Part[]): Promise<Outage> {
  const cast = await newCast(scene)
  const [{ port }] = scene.gateways
  const stream = openStream(t, port, '/events/1', { text: (await scene.issue()).text })
  const publicStream = openStream(t, port, '/events/public')
  await Promise.all([stream, publicStream].map(goesOn))
  const sentBefore = scene.upstream.requests.length
  await Promise.all(parts.map((part) => part.fail()))
  t.teardown(() => Promise.all(parts.map((part) => part.mend())))
  const failedAt = performance.now()
  const questions = startAsking(scene, cast)
  t.teardown(() => questions.stop())
  return { ...scene, cast, stream, publicStream, sentBefore, failedAt, questions }
}

/** What holds in every row: soon, honest, and the upstream has exactly what was allowed. */
async function concludeOutage(
  t: Test,
  { questions, upstream, sentBefore, publicStream }: Outage,
): Promise<void> {
  await questions.stop()
  const all = Object.values(questions.asked).flat()
  const slowest = Math.round(Math.max(...all.map(({ tookMs }) => tookMs)))
  t.comment(`${all.length} requests, the slowest took ${slowest} ms`)
  t.ok(slowest < answerMsMax, `the slowest of ${all.length} took ${slowest} ms`)
  const undecided = all.filter(({ answer }) => answer.startsWith('503'))
  t.same(
    answersOf(undecided.filter(({ retryAfter }) => retryAfter !== '1')),
    [],
    '503 says when to come back',
  )
  const good = [questions.asked.known, questions.asked.neighbours, questions.asked.cold].flat()
  t.notMatch(answersOf(good).join(), '401', 'a failure is never told as a bad token')

  const seen = new Set(upstream.requests.slice(sentBefore).map(({ target }) => target))
  const allowed = all.filter(({ answer }) => answer === '200').map(({ path }) => path)
  t.same(
    allowed.filter((path) => !seen.has(path)),
    [],
    'what is let through reaches the upstream',
  )
  // A request under way when its token is revoked is cut off without an answer.
  const mayBeSeen = new Set(all.filter(({ answer }) => /200|nothing/.test(answer)).map(({ path }) => path))
  t.same(
    [...seen].filter((path) => !mayBeSeen.has(path)),
    [],
    'and nothing else does',
  )
  t.ok(publicStream.isOpen(), 'a public stream needs nobody')
}

async function mustRecover(t: Test, scene: Scene, parts: readonly Part[]): Promise<void> {
  await Promise.all(parts.map((part) => part.mend()))
  const [newcomer, victim] = [await scene.issue(), await scene.issue()]
  for (const gateway of scene.gateways) {
    await until(async () => (await ask(gateway, newcomer.text)).status === 200)
    await until(async () => (await readiness(gateway)) === '200 tokens ok, redis ok')
    await until(async () => (await ask(gateway, victim.text)).status === 200)
    t.equal(codeOf(await ask(gateway, newcomer.text.replace(/.$/, '~'))), 'invalid_token')
  }
  await scene.revoke(victim.token.id)
  const revokedAt = performance.now()
  let lastPassedMs = 0
  for (const gateway of scene.gateways) {
    await until(async () => {
      const sentMs = performance.now() - revokedAt
      const { status } = await ask(gateway, victim.text).catch(brokenOff)
      if (status === 200) lastPassedMs = sentMs
      return status === 401
    })
  }
  t.ok(
    lastPassedMs < revokedMsMax,
    `and what is revoked passes for ${Math.round(lastPassedMs)} ms at the most`,
  )
}

async function readiness({ adminPort }: TestGateway): Promise<string> {
  const { status, body } = await request(adminPort, { path: '/readyz' })
  const { checks } = JSON.parse(body.toString())
  return `${status} tokens ${checks.tokens}, redis ${checks.redis}`
}

async function mustBeReady(t: Test, { gateways }: Scene, expected: string): Promise<void> {
  for (const gateway of gateways) t.equal(await readiness(gateway), expected)
}

/** Whether what was asked from `at` on was ever let through. */
function passedSince(questions: Questions, kind: 'known' | 'victim', at: number): number {
  return questions.asked[kind].filter(({ sentAt, answer }) => sentAt > at && answer === '200').length
}

async function withRedisDown(t: Test, scene: Scene): Promise<void> {
  const outage = await beginOutage(t, scene, [scene.parts.redis])
  const { questions, cast } = outage
  await sleep(700)
  await scene.revoke(cast.victim.id)
  const revokedAt = performance.now()
  await sleep(revokedMsMax + 800)
  await mustBeReady(t, scene, '200 tokens ok, redis degraded')
  await goesOn(outage.stream)
  await concludeOutage(t, outage)
  for (const kind of ['known', 'neighbours', 'cold'] as const) {
    t.same(answersOf(questions.asked[kind]), ['200'], `${kind}: nobody notices`)
  }
  t.same(answersOf(questions.asked.unknown), ['401 invalid_token'])
  t.equal(
    passedSince(questions, 'victim', revokedAt + revokedMsMax),
    0,
    'revoked is refused within the lease',
  )
  await mustRecover(t, scene, [scene.parts.redis])
}

/** `tellsAll`: others revoke a token and tell all replicas, as a command does. Otherwise nobody tells, and the grace decides. */
async function withPostgresDown(t: Test, scene: Scene, { tellsAll = false } = {}): Promise<void> {
  const outage = await beginOutage(t, scene, [scene.parts.postgres])
  const { questions, cast, failedAt } = outage
  await sleep(2_000)
  await mustBeReady(t, scene, '200 tokens degraded, redis ok')
  await goesOn(outage.stream)
  for (const kind of ['known', 'neighbours', 'victim'] as const) {
    t.same(answersOf(questions.asked[kind]), ['200'], `${kind}: goes on`)
  }
  if (scene.isReachedByOthers) await scene.revoke(cast.victim.id)
  if (tellsAll) {
    t.equal((await scene.announce()).everywhere, true)
    const toldAt = performance.now()
    await sleep(500)
    for (const kind of ['known', 'victim'] as const) {
      t.equal(passedSince(questions, kind, toldAt), 0, `${kind}: a notice ends the grace`)
    }
  }
  await outage.stream.ended
  const lastedMs = Math.round(performance.now() - failedAt)
  t.ok(lastedMs < graceMs + slackMs, `streams end with the grace, here after ${lastedMs} ms`)
  await sleep(Math.max(0, failedAt + graceMs + 300 - performance.now()))
  await mustBeReady(t, scene, '503 tokens failed, redis ok')
  await concludeOutage(t, outage)
  for (const kind of ['cold', 'unknown'] as const) {
    t.same(answersOf(questions.asked[kind]), ['503 cannot_decide'], `${kind}: nobody can tell`)
  }
  for (const kind of ['known', 'victim'] as const) {
    t.equal(passedSince(questions, kind, failedAt + graceMs), 0, `${kind}: not beyond the grace`)
  }
  await mustRecover(t, scene, [scene.parts.postgres])
}

async function withBothDown(t: Test, scene: Scene): Promise<void> {
  const parts = Object.values(scene.parts)
  const outage = await beginOutage(t, scene, parts)
  const { questions, cast, failedAt } = outage
  let toldAt = failedAt + redisLeaseMs
  if (scene.isReachedByOthers) {
    await scene.revoke(cast.victim.id)
    t.equal((await scene.announce()).everywhere, true)
    toldAt = performance.now()
  }
  await outage.stream.ended
  const lastedMs = Math.round(performance.now() - failedAt)
  t.ok(lastedMs < redisLeaseMs + slackMs, `streams end, here after ${lastedMs} ms`)
  await sleep(Math.max(0, failedAt + redisLeaseMs + 700 - performance.now()))
  await mustBeReady(t, scene, '503 tokens failed, redis degraded')
  await concludeOutage(t, outage)
  for (const kind of ['cold', 'unknown'] as const) {
    t.same(answersOf(questions.asked[kind]), ['503 cannot_decide'], `${kind}: nobody can tell`)
  }
  t.equal(passedSince(questions, 'victim', toldAt), 0, 'none is let through once its revocation has returned')
  t.equal(passedSince(questions, 'known', failedAt + redisLeaseMs), 0, 'nor any other beyond the lease')
  await mustRecover(t, scene, parts)
}

// No more at once: a machine that is busy is an outage of its own.
t.jobs = 3
for (const failure of failures) {
  t.test(`with a part that is ${failure}`, { buffered: true }, async (t) => {
    const scene = await newScene(t, { failure, outageGraceMs: graceMs })
    await t.test('Redis: every request is decided as before', (t) => withRedisDown(t, scene))
    await t.test('PostgreSQL: known tokens go on for the grace', (t) => withPostgresDown(t, scene))
    if (scene.isReachedByOthers) {
      const name = 'PostgreSQL: known tokens go on until others tell of a revocation'
      await t.test(name, (t) => withPostgresDown(t, scene, { tellsAll: true }))
    }
    await t.test('both: known tokens go on for the lease of Redis', (t) => withBothDown(t, scene))
  })
}
