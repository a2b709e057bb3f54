/**
 * Wrong secrets by the thousand: the gateway verifies what it can, refuses the rest with 503, and goes on serving
 * everybody else, because no hash runs on its event loop.
 * @module
 */

import { pbkdf2Sync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { type GatewayProcess, newInstallation } from '../../support/installation.ts'
import { recordingUpstream } from '../../support/recording-upstream.ts'
import { until } from '../../support/until.ts'
import { authorization, gocdToken } from './foreign-tokens.ts'

const upstream = await recordingUpstream(t)
// A flood from many addresses, as the bound on failures of one sees it.
const unbounded = { failures: { attempts: 0 } }
const installation = newInstallation(t, { upstream: upstream.url, authentication: unbounded })

/** As Django made keys at a time; a hash takes a good part of a second. */
const iterations = 1_200_000
const slowKey = 'Sl0wK3y0.0123456789abcdefghijABCDEFGHIJ01'
const slowLine = {
  format: 'django-api-key',
  prefix: 'Sl0wK3y0',
  hash: `pbkdf2_sha256$${iterations}$salt$${pbkdf2Sync(slowKey, 'salt', iterations, 32, 'sha256').toString('base64')}`,
  kind: 'personal',
  subject: 'slow',
}

const file = join(t.testdir(), 'tokens.ndjson')
writeFileSync(file, [gocdToken.line, slowLine].map((line) => `${JSON.stringify(line)}\n`).join(''))
const imported = await installation.run('token', 'import', file)
if (imported.code !== 0) throw new Error(imported.stderr)
const gateway = await installation.serve()
const { text } = await installation.issue()

const wrongGocd = (index: number) => `30bd353a${index.toString(16).padStart(32, '0')}`
const wrongSlow = (index: number) => `Sl0wK3y0.${String(index).padStart(32, '0')}`
const statusOf = async (token: string, timeoutMs = 20_000) =>
  (await gateway.request(authorization('Bearer', token), { timeoutMs })).status

/** Sends wrong secrets, so many at once, and counts the answers by their status. */
async function flood(count: number, atOnce: number, wrong: (index: number) => string) {
  const counts: Record<number, number> = {}
  let next = 0
  const send = async () => {
    while (next < count) {
      const status = await statusOf(wrong(next++))
      counts[status] = (counts[status] ?? 0) + 1
    }
  }
  await Promise.all(Array.from({ length: atOnce }, send))
  return counts
}

/** A known token's requests while `act` runs: their statuses, and how long the slowest took. */
async function served(act: () => Promise<unknown>) {
  let isOver = false
  const running = act().finally(() => {
    isOver = true
  })
  const statuses = new Set<number>()
  let slowestMs = 0
  while (!isOver) {
    const sentAt = performance.now()
    statuses.add(await statusOf(text))
    slowestMs = Math.max(slowestMs, performance.now() - sentAt)
    await sleep(5)
  }
  await running
  return { statuses: [...statuses], slowestMs }
}

/** As the process measures it since it was asked last. */
function loopDelayMs(of: GatewayProcess): Promise<number> {
  return of.metric('nodejs_eventloop_lag_p99_seconds').then((seconds) => seconds * 1000)
}

t.test('a thousand wrong GoCD secrets starve neither the event loop nor other clients', async (t) => {
  t.equal(await statusOf(text), 200)
  await loopDelayMs(gateway)
  let counts: Record<number, number> = {}
  const others = await served(async () => {
    counts = await flood(1000, 200, wrongGocd)
  })
  const delayMs = await loopDelayMs(gateway)
  t.equal((counts[401] ?? 0) + (counts[503] ?? 0), 1000, JSON.stringify(counts))
  t.ok(counts[401], 'those that there was room for were verified')
  t.same(others.statuses, [200])
  // Hashing a thousand times on the loop would hold it for seconds.
  t.ok(delayMs < 250, `p99 of the delay is ${Math.round(delayMs)} ms`)
  t.ok(others.slowestMs < 1_500, `the slowest answer to others took ${Math.round(others.slowestMs)} ms`)
})

t.test('where hashes are slow, whoever does not fit is told 503 soon', async (t) => {
  let counts: Record<number, number> = {}
  const startedAt = performance.now()
  const others = await served(async () => {
    counts = await flood(200, 200, wrongSlow)
  })
  const tookMs = performance.now() - startedAt
  t.equal((counts[401] ?? 0) + (counts[503] ?? 0), 200, JSON.stringify(counts))
  t.ok((counts[503] ?? 0) >= 100, `${counts[503]} were turned away`)
  t.ok(tookMs < 10_000, `all were answered after ${Math.round(tookMs)} ms`)
  t.same(others.statuses, [200])
})

t.test('503 says when to come back, and right secrets get in again behind the flood', async (t) => {
  const flooding = Promise.all(
    Array.from({ length: 120 }, (_, index) =>
      gateway.request(authorization('Bearer', wrongSlow(1000 + index)), { timeoutMs: 20_000 }),
    ),
  )
  const turnedAway = (await flooding).find(({ status }) => status === 503)
  t.equal(JSON.parse(turnedAway?.body.toString() ?? '{}').code, 'cannot_decide')
  t.same(turnedAway?.header('retry-after'), ['1'])
  await until(async () => (await statusOf(gocdToken.text)) === 200)
  await until(async () => (await statusOf(slowKey)) === 200)
})
