/**
 * Sentry's own SDK for Node sends through the gateway: errors, transactions, sessions and check-ins arrive as it wrote
 * them, and it goes by what it is told.
 * @module
 */

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import type { RecordedRequest } from '../../support/recording-upstream.ts'
import { backendKey, frontendKey, inactiveKey } from './credentials.ts'
import { startScene } from './scene.ts'

interface Answer {
  readonly type: string
  readonly status: number
}

const scene = await startScene(t)
const program = join(import.meta.dirname, 'sdk-client.ts')
const dsnOf = (publicKey: string, project: string) => `http://${publicKey}@127.0.0.1:${scene.port}/${project}`

/** What its events were answered with, and what of it reached Sentry. */
async function report(
  env: NodeJS.ProcessEnv,
): Promise<{ answers: readonly Answer[]; arrived: readonly RecordedRequest[] }> {
  const before = scene.sentry.requests.length
  const run = promisify(execFile)
  const { stdout } = await run(process.execPath, [program], { env })
  return { answers: JSON.parse(stdout), arrived: scene.sentry.requests.slice(before) }
}

/** Of the first item of an envelope. */
function itemTypeOf(request: RecordedRequest): unknown {
  const isCoded = request.header('content-encoding').length > 0
  const text = isCoded ? gunzipSync(request.body) : request.body
  return JSON.parse(text.toString().split('\n')[1] ?? '').type
}

const count = (requests: readonly RecordedRequest[], type: string) =>
  requests.filter((request) => itemTypeOf(request) === type).length

t.test('with a good DSN everything arrives, compressed where the SDK compressed it', async (t) => {
  const { answers, arrived } = await report({ SENTRY_DSN: dsnOf(backendKey.publicKey, '42') })
  t.strictSame(
    answers.map(({ status }) => status),
    [200, 200, 200, 200],
  )
  t.strictSame(answers.map(({ type }) => type).toSorted(), ['error', 'error', 'transaction', 'transaction'])
  for (const type of ['event', 'transaction', 'check_in']) t.equal(count(arrived, type), 2, type)
  t.ok(count(arrived, 'session') >= 2)
  const coded = arrived.filter((request) => request.header('content-encoding')[0] === 'gzip')
  t.equal(coded.length, 2, 'the two errors with a long payload')
  for (const request of arrived) {
    t.match(
      request.target,
      `/api/42/envelope/?sentry_version=7&sentry_key=${backendKey.publicKey}&sentry_client=`,
    )
    t.strictSame(request.header('x-forwarded-for'), ['127.0.0.1'])
  }
})

t.test('through a tunnel the DSN stands in the envelope alone, and is enough', async (t) => {
  const { answers, arrived } = await report({
    SENTRY_DSN: dsnOf(backendKey.publicKey, '42'),
    SENTRY_TUNNEL: `http://127.0.0.1:${scene.port}/api/42/envelope/`,
  })
  t.strictSame(
    answers.map(({ status }) => status),
    [200, 200, 200, 200],
  )
  for (const request of arrived) t.equal(request.target, '/api/42/envelope/')
  const elsewhere = await report({
    SENTRY_DSN: dsnOf(backendKey.publicKey, '42'),
    SENTRY_TUNNEL: `http://127.0.0.1:${scene.port}/api/43/envelope/`,
  })
  t.strictSame(
    elsewhere.answers.map(({ status }) => status),
    [401, 401, 401, 401],
  )
  t.equal(elsewhere.arrived.length, 0)
})

t.test('with an unknown or inactive key, or that of another project, nothing arrives', async (t) => {
  const bad = [
    dsnOf('f'.repeat(32), '42'),
    dsnOf(inactiveKey.publicKey, '42'),
    dsnOf(backendKey.publicKey, '43'),
    dsnOf(frontendKey.publicKey, '42'),
  ]
  const reports = await Promise.all(bad.map((dsn) => report({ SENTRY_DSN: dsn })))
  for (const [index, { answers, arrived }] of reports.entries()) {
    t.strictSame(
      answers.map(({ status }) => status),
      [401, 401, 401, 401],
      `${bad[index]}`,
    )
    t.equal(arrived.length, 0, `${bad[index]}`)
  }
})

t.test('what Sentry says of a quota reaches the SDK, which stops sending that', async (t) => {
  scene.sentry.limit('43', [['X-Sentry-Rate-Limits', '600:error;transaction:organization']])
  const { arrived } = await report({ SENTRY_DSN: dsnOf(frontendKey.publicKey, '43') })
  // Of the first round all may be sent before any answer has come; the second one has seen them.
  for (const type of ['event', 'transaction']) t.ok(count(arrived, type) <= 1, type)
  t.equal(count(arrived, 'check_in'), 2, 'what is not limited goes on')
})
