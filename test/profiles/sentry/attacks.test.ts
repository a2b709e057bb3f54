/**
 * Ways around what is decided: other places for a credential, other words for a path or a method, bodies that end in
 * another way, and a gateway that cannot decide.
 * @module
 */

import { connect } from 'node:net'
import t from 'tap'
import type { HeaderLine } from '../../support/recording-upstream.ts'
import { until } from '../../support/until.ts'
import { isRefused, isSeenAs } from './checks.ts'
import { backendKey, sentryTokens } from './credentials.ts'
import { authorization, bearer, dsn, from, startScene } from './scene.ts'

const scene = await startScene(t)
const path = '/api/0/organizations/acme/'
const missing = 'Authentication credentials were not provided.'
const good = bearer(sentryTokens.acme)

t.test('a token in the query, or in a header of another service, is no credential', async (t) => {
  for (const query of ['access_token', 'token', 'auth', 'sentry_key', 'bearer']) {
    await isRefused(t, scene, () => scene.send(`${path}?${query}=${sentryTokens.user}`), missing, query)
  }
  for (const name of [
    'X-Auth-Token',
    'Proxy-Authorization',
    'X-Api-Key',
    'X-Sentry-Token',
    'X-Forwarded-Authorization',
  ]) {
    const send = () => scene.send(path, [name, `Bearer ${sentryTokens.user}`])
    await isRefused(t, scene, send, missing, name)
  }
})

t.test('none of these goes up beside a good token', async (t) => {
  const beside: readonly HeaderLine[] = [
    ['X-Auth-Token', 'other'],
    ['X-Sentry-Auth', 'Sentry sentry_key=other'],
    ['X-Api-Key', 'other'],
    ['Proxy-Authorization', 'Bearer other'],
    ['X-Forwarded-User', 'other'],
    ['Remote-User', 'other'],
  ]
  await isSeenAs(t, () => scene.send(path, good, ...beside), 'acme')
  t.notMatch(JSON.stringify(scene.sentry.last().headers), 'other')
})

t.test('no header names another path, method or client', async (t) => {
  const names = ['X-Original-URL', 'X-Rewrite-URL', 'X-HTTP-Method-Override', 'X-Forwarded-Host', 'X-Real-IP']
  const headers = names.map((name) => [name, '/api/0/organizations/other/'] as const)
  await isSeenAs(t, () => scene.send(path, good, ...headers), 'acme')
  t.notMatch(JSON.stringify(scene.sentry.last().headers), 'organizations/other')
})

t.test('a header name with an underscore is refused', async (t) => {
  const before = scene.sentry.requests.length
  for (const name of ['X_Forwarded_For', 'X_Sentry_Auth', 'X-Sentry_Relay-Id', 'Author_ization']) {
    const answer = await scene.send(path, good, [name, '10.0.0.1'])
    t.equal(answer.status, 400, name)
    t.equal(answer.body.toString(), '{"detail":"A request header is not acceptable."}')
  }
  t.equal(scene.sentry.requests.length, before)
})

t.test('methods that read and methods that write need what they always need', async (t) => {
  const reader = await scene.issue({ access: 'read-only', bindings: { organization: ['acme'] } })
  for (const [method, status] of [
    ['HEAD', 200],
    ['OPTIONS', 200],
    ['PUT', 403],
    ['DELETE', 403],
    ['PURGE', 403],
    ['TRACE', 501],
  ] as const) {
    const headers = [bearer(reader.text)]
    t.equal((await scene.request({ method, path, headers })).status, status, method)
    t.not((await scene.request({ method, path })).status, 200, `${method} without a token`)
  }
})

t.test('an envelope may come in pieces, and a client may wait to be asked for it', async (t) => {
  const body = `${JSON.stringify({ dsn: dsn(backendKey.publicKey, '42') })}\n{"type":"event"}\n{}\n`
  const chunks = [...body].map((character) => `1\r\n${character}\r\n`).join('')
  const head = 'POST /api/42/envelope/ HTTP/1.1\r\nHost: sentry\r\n'
  const pieces = await scene.raw(`${head}Transfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`)
  t.equal(pieces.status, 200)
  t.equal(scene.sentry.last().body.toString(), body)
  const length = Buffer.byteLength(body)
  const asked = await scene.raw(`${head}Expect: 100-continue\r\nContent-Length: ${length}\r\n\r\n${body}`)
  t.equal(asked.status, 200)
  t.strictSame(asked.interim, [100])
})

t.test('of an envelope whose client leaves before its first line is whole nothing goes up', async (t) => {
  const before = scene.sentry.requests.length
  const socket = connect(scene.port, '127.0.0.1')
  socket.write('POST /api/42/envelope/ HTTP/1.1\r\nHost: sentry\r\nContent-Length: 500\r\n\r\n{"dsn":')
  await until(() => Promise.resolve(socket.bytesWritten > 0))
  socket.destroy()
  await isRefused(t, scene, () => scene.send('/api/42/envelope/'), missing)
  t.equal(scene.sentry.requests.length, before)
})

t.test('keys and texts of bad credentials are in no log line', async (t) => {
  const secret = 's3cret0s3cret0s3cret0s3cret0s3cret0'
  await scene.send(path, bearer(secret))
  await scene.send(path, authorization(`Basic ${Buffer.from(`${secret}:`).toString('base64')}`))
  await scene.send(path, authorization(`Bearer ${secret} ${secret}`))
  await scene.send(`/api/42/store/?sentry_key=${secret}`)
  t.notMatch(JSON.stringify(scene.log), secret)
  t.notMatch(JSON.stringify(scene.log), Buffer.from(secret).toString('base64').slice(0, 20))
})

t.test('whoever guesses gets 429 in the form of Sentry, and what is known goes on', async (t) => {
  const guessed = await startScene(t, {
    adjust: (settings) => ({
      ...settings,
      authentication: { failures: { ...settings.authentication.failures, attempts: 3 } },
    }),
  })
  const client = from('203.0.113.9')
  const statuses: number[] = []
  for (let time = 0; time < 6; time++) {
    const answer = await guessed.send(path, bearer(String(time).repeat(64)), client)
    statuses.push(answer.status)
    if (answer.status !== 429) continue
    t.equal(
      answer.body.toString(),
      '{"detail":"There were too many failed authentications from this address."}',
    )
    t.equal(answer.header('retry-after').length, 1)
    t.strictSame(answer.header('www-authenticate'), [])
  }
  t.ok(statuses.includes(401))
  t.equal(statuses.at(-1), 429)
  await isSeenAs(t, () => guessed.send(path, bearer(sentryTokens.user), client), 'user')
})

t.test('a Sentry that is away is no reason for 401', async (t) => {
  const away = await startScene(t)
  await away.sentry.close()
  const answer = await away.send(path, good)
  t.equal(answer.status, 502)
  t.equal(answer.body.toString(), '{"detail":"The upstream service could not be reached."}')
  t.strictSame(answer.header('www-authenticate'), [])
})
