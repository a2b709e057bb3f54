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
import { type Watch, type WellPart, watchMachine } from './disturbance.ts'
import { answersOf, type Cast, type Kind, newCast, type Questions, startAsking } from './questions.ts'
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
const attemptsMax = 3
/** More than two fetches that stay out take. */
const foundOutMs = 2_000
/** Less than any deadline of the store. */
const atOnceMs = 1_000

interface Outage extends Scene {
  readonly cast: Cast
  readonly questions: Questions
  /** Of a token, on the first gateway. */
  readonly stream: OpenStream
  readonly publicStream: OpenStream
  /** When the parts had failed. */
  readonly failedAt: number
  readonly sentBefore: number
  readonly machine: Watch
  /** What goes on as before, to be judged unless the machine was an outage of its own. */
  readonly steady: Expectation[]
}

interface Expectation {
  readonly got: unknown
  readonly expected: unknown
  readonly what: string
}

async function beginOutage(t: Test, scene: Scene, parts: readonly Part[], well?: WellPart): Promise<Outage> {
  const cast = await newCast(scene)
  const [{ port }] = scene.gateways
  const stream = openStream(t, port, '/events/1', { text: (await scene.issue()).text })
  const publicStream = openStream(t, port, '/events/public')
  await Promise.all([stream, publicStream].map(goesOn))
  const sentBefore = scene.upstream.requests.length
  const machine = await watchMachine(scene.gateways, well)
  await Promise.all(parts.map((part) => part.fail()))
  t.teardown(() => Promise.all(parts.map((part) => part.mend())))
  const failedAt = performance.now()
  const questions = startAsking(scene, cast)
  t.teardown(() => questions.stop())
  return { ...scene, cast, stream, publicStream, sentBefore, failedAt, questions, machine, steady: [] }
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

async function expectReady({ gateways, steady }: Outage, expected: string): Promise<void> {
  for (const gateway of gateways) steady.push({ got: await readiness(gateway), expected, what: '/readyz' })
}

async function expectFlow({ stream, steady }: Outage): Promise<void> {
  const flows = await goesOn(stream).then(
    () => true,
    () => false,
  )
  steady.push({ got: flows, expected: true, what: 'the stream goes on' })
}

function expectAnswers({ questions, steady }: Outage, kind: Kind, expected: string): void {
  const got = answersOf(questions.asked[kind])
  steady.push({ got, expected: [expected], what: `${kind} is answered ${expected}` })
}

/** False when the machine has disturbed what was to go on; nothing is said of that then. */
async function judgeSteady(t: Test, { machine, steady }: Outage, isLast: boolean): Promise<boolean> {
  if ((await machine.wasDisturbed()) && !isLast) {
    t.comment('the machine was an outage of its own: once more')
    return false
  }
  for (const { got, expected, what } of steady) t.same(got, expected, what)
  return true
}

type Row = (t: Test, scene: Scene, isLast: boolean) => Promise<boolean>

/** Plays a row until the machine has let it be, three times at the most. What must never happen is judged each time. */
async function play(t: Test, scene: Scene, row: Row): Promise<void> {
  for (let attempt = 1; !(await row(t, scene, attempt === attemptsMax)); attempt++);
}

/** Whether what was asked from `at` on was ever let through. */
function passedSince(questions: Questions, kind: 'known' | 'victim', at: number): number {
  return questions.asked[kind].filter(({ sentAt, answer }) => sentAt > at && answer === '200').length
}

async function withRedisDown(t: Test, scene: Scene, isLast: boolean): Promise<boolean> {
  const outage = await beginOutage(t, scene, [scene.parts.redis], 'postgres')
  const { questions, cast } = outage
  await sleep(700)
  await scene.revoke(cast.victim.id)
  const revokedAt = performance.now()
  await sleep(revokedMsMax + 800)
  await expectReady(outage, '200 tokens ok, redis degraded')
  await expectFlow(outage)
  await concludeOutage(t, outage)
  for (const kind of ['known', 'neighbours', 'cold'] as const) expectAnswers(outage, kind, '200')
  expectAnswers(outage, 'unknown', '401 invalid_token')
  const late = passedSince(questions, 'victim', revokedAt + revokedMsMax)
  t.equal(late, 0, 'revoked is refused within the lease')
  const isJudged = await judgeSteady(t, outage, isLast)
  await mustRecover(t, scene, [scene.parts.redis])
  return isJudged
}

/** `tellsAll`: others revoke a token and tell all replicas, as a command does. Otherwise the grace decides. */
async function withPostgresDown(
  t: Test,
  scene: Scene,
  isLast: boolean,
  { tellsAll = false } = {},
): Promise<boolean> {
  const outage = await beginOutage(t, scene, [scene.parts.postgres], 'redis')
  const { questions, cast, failedAt } = outage
  await sleep(2_000)
  await expectReady(outage, '200 tokens degraded, redis ok')
  await expectFlow(outage)
  for (const kind of ['known', 'neighbours', 'victim'] as const) expectAnswers(outage, kind, '200')
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
  await expectReady(outage, '503 tokens failed, redis ok')
  await concludeOutage(t, outage)
  mustBeUndecided(t, questions, failedAt)
  for (const kind of ['known', 'victim'] as const) {
    t.equal(passedSince(questions, kind, failedAt + graceMs), 0, `${kind}: not beyond the grace`)
  }
  const isJudged = await judgeSteady(t, outage, isLast)
  await mustRecover(t, scene, [scene.parts.postgres])
  return isJudged
}

/** What nobody remembers gets 503, and half of it at once when it has been found out that the store is down. */
function mustBeUndecided(t: Test, { asked }: Questions, failedAt: number): void {
  for (const kind of ['cold', 'unknown'] as const) {
    t.same(answersOf(asked[kind]), ['503 cannot_decide'], `${kind}: nobody can tell`)
    const later = asked[kind].filter(({ sentAt }) => sentAt > failedAt + foundOutMs)
    const half = later.map(({ tookMs }) => tookMs).toSorted((a, b) => a - b)[Math.floor(later.length / 2)]
    t.ok(half !== undefined && half < atOnceMs, `${kind}: half of them within ${half} ms`)
  }
}

async function withBothDown(t: Test, scene: Scene, isLast: boolean): Promise<boolean> {
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
  await expectReady(outage, '503 tokens failed, redis degraded')
  await concludeOutage(t, outage)
  mustBeUndecided(t, questions, failedAt)
  t.equal(passedSince(questions, 'victim', toldAt), 0, 'none is let through once its revocation has returned')
  t.equal(passedSince(questions, 'known', failedAt + redisLeaseMs), 0, 'nor any other beyond the lease')
  const isJudged = await judgeSteady(t, outage, isLast)
  await mustRecover(t, scene, parts)
  return isJudged
}

// Rows may be played again.
t.setTimeout(300_000)
// No more at once: a machine that is busy is an outage of its own.
t.jobs = 3
for (const failure of failures) {
  t.test(`with a part that is ${failure}`, { buffered: true }, async (t) => {
    const scene = await newScene(t, { failure, outageGraceMs: graceMs })
    await t.test('Redis: every request is decided as before', (t) => play(t, scene, withRedisDown))
    await t.test('PostgreSQL: known tokens go on for the grace', (t) => play(t, scene, withPostgresDown))
    if (scene.isReachedByOthers) {
      const name = 'PostgreSQL: known tokens go on until others tell of a revocation'
      await t.test(name, (t) => play(t, scene, (...row) => withPostgresDown(...row, { tellsAll: true })))
    }
    await t.test('both: known tokens go on for the lease of Redis', (t) => play(t, scene, withBothDown))
  })
}
