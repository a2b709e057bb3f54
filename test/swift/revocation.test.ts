/**
 * Tokens before Swift end when a command says so: the token and the session that it was the key of, on two gateways
 * with one PostgreSQL and one Redis, under load and in the middle of a download.
 * @module
 */

import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { cache as cacheSchema } from '../../src/config/schema/tokens.ts'
import { announceChange } from '../../src/tokens/cache/revocation-announcer.ts'
import { startLoad } from '../integration/revocation/load.ts'
import { type GatewayProcess, newInstallation } from '../support/installation.ts'
import { startPostgres } from '../support/postgres.ts'
import { request } from '../support/raw-request.ts'
import { startRedis } from '../support/redis.ts'
import { swiftUsers } from '../support/swift-config.ts'
import { until } from '../support/until.ts'
import { callerOf, directly } from './ways.ts'

const subject = 'leaving:owner'
const account = '/v1/AUTH_leaving'
const thing = `${account}/box/thing`
const trials = 20

const postgres = await startPostgres()
t.teardown(() => postgres.stop())
const redis = await startRedis()
t.teardown(() => redis.stop())

const store = { postgres: { url: postgres.url } }
const cache = { redis: { url: redis.url, prefix: `test-${randomUUID()}:` } }
const installation = newInstallation(t, {
  upstream: `http://127.0.0.1:${directly().port}`,
  store,
  cache,
  routes: [
    {
      name: 'swift',
      match: { path: '/{path*}' },
      pathMode: 'raw-exact',
      upstream: 'legacy',
      profile: { swift: {} },
      credentials: [{ header: 'X-Auth-Token' }, 'bearer'],
      authorize: { kinds: ['session', 'personal'] },
      identityHeaders: {},
    },
  ],
})
const gateways: readonly GatewayProcess[] = [await installation.serve(), await installation.serve()]
const [first, second] = gateways as [GatewayProcess, GatewayProcess]
const { store: record } = installation

const owner = await callerOf(directly(), subject)
await owner('PUT', `${account}/box`)
await owner('PUT', thing, {}, 'holiday')

async function logIn(key: string = swiftUsers[subject][0], { port }: GatewayProcess = first) {
  const headers = [
    ['X-Auth-User', subject],
    ['X-Auth-Key', key],
  ] as const
  const answer = await request(port, { path: '/auth/v1.0', headers }, { timeoutMs: 30_000 })
  return { status: answer.status, token: answer.header('x-auth-token')[0] ?? '' }
}

async function statuses(token: string): Promise<readonly number[]> {
  const ask = { path: thing, headers: [['X-Auth-Token', token]] } as const
  return Promise.all(gateways.map(async (gateway) => (await gateway.request(ask)).status))
}

const asked = { subject, bindings: { account: ['AUTH_leaving'] }, access: 'read-only' } as const

/** A personal token, and the session that a login with it yields. */
async function pair(t: Test): Promise<{ id: string; texts: readonly [string, string] }> {
  const { text, token } = await installation.issue(asked)
  const session = await logIn(text)
  t.equal(session.status, 200)
  return { id: token.id, texts: [text, session.token] }
}

t.test('a revoked token and its session begin no request more, on either gateway, under load', async (t) => {
  await logIn()
  const act = { by: 'test', origin: 'test', cause: 'trial' }
  let answers = 0
  for (let trial = 0; trial < trials; trial++) {
    const { id, texts } = await pair(t)
    const ports = [first.port, second.port]
    const loads = texts.map((text) => startLoad(ports, text, 2, { path: thing }))
    await until(() => loads.every((load) => load.answers >= 8))
    await record.revokeToken(id, { ...act, at: Date.now() })
    await announceChange(cacheSchema.parse(cache))
    const returned = performance.now()
    await sleep(40)
    for (const load of loads) {
      await load.stop()
      answers += load.answers
      t.strictSame(load.letThroughAfter(returned), [], `trial ${trial}`)
    }
    for (const text of texts) t.strictSame(await statuses(text), [401, 401])
    t.equal((await logIn(texts[0])).status, 401, 'nor is it a key any more')
  }
  t.ok(answers >= 16 * trials)
})

t.test('so it is with the commands, for the session of a login too', async (t) => {
  const { id, texts } = await pair(t)
  const login = await logIn()
  t.strictSame(await statuses(texts[1]), [200, 200])
  t.equal((await installation.run('token', 'revoke', id, '--cause', 'lost')).code, 0)
  for (const text of texts) t.strictSame(await statuses(text), [401, 401])
  t.strictSame(await statuses(login.token), [200, 200], 'what was not derived from it stays')
  t.equal(
    (await installation.run('token', 'revoke', '--subject', subject, '--yes', '--cause', 'gone')).code,
    0,
  )
  t.strictSame(await statuses(login.token), [401, 401])
})

t.test('a token that has expired takes its session with it', async (t) => {
  const { text } = await installation.issue({ ...asked, lifetimeMs: 1_500 })
  const session = await logIn(text)
  t.strictSame(await statuses(session.token), [200, 200])
  await sleep(1_600)
  for (const each of [text, session.token]) t.strictSame(await statuses(each), [401, 401])
})

t.test('a token that was rotated goes on through the overlap, and so does its session', async (t) => {
  const { id, texts } = await pair(t)
  const { code, document } = await installation.run('token', 'rotate', id, '--overlap', '3s')
  t.equal(code, 0)
  for (const text of texts) t.strictSame(await statuses(text), [200, 200])
  await sleep(3_100)
  for (const text of texts) t.strictSame(await statuses(text), [401, 401])
  t.strictSame(await statuses(String(document.text ?? document.token)), [200, 200], 'its successor is good')
})

t.test('a download is broken off', async (t) => {
  const size = 64 * 1024 * 1024
  await owner('PUT', `${account}/box/large`, {}, Buffer.alloc(size))
  const { id, texts } = await pair(t)
  const downloads = await Promise.all(
    gateways.flatMap(({ port }) => texts.map((text) => beginDownload(port, text))),
  )
  await record.revokeToken(id, { by: 'test', origin: 'test', cause: 'trial', at: Date.now() })
  await announceChange(cacheSchema.parse(cache))
  for (const response of downloads) {
    let received = 0
    response.on('data', (piece: Buffer) => {
      received += piece.length
    })
    response.on('error', () => {})
    response.resume()
    if (!response.closed) await once(response, 'close').catch(() => {})
    t.notOk(response.complete)
    t.ok(received < size, `${received} bytes came`)
  }
})

t.test(
  'a disabled subject has neither tokens nor logins, and a deleted one no login in the store',
  async (t) => {
    const { texts } = await pair(t)
    const login = await logIn()
    t.strictSame(await statuses(login.token), [200, 200])
    t.equal((await installation.run('subject', 'disable', subject)).code, 0)
    for (const text of [...texts, login.token]) t.strictSame(await statuses(text), [401, 401])
    for (const gateway of gateways) {
      t.equal((await logIn(undefined, gateway)).status, 401, 'though Swift takes the key')
      t.equal((await logIn(texts[0], gateway)).status, 401)
    }
    t.equal((await installation.run('subject', 'enable', subject)).code, 0)
    t.strictSame(await statuses(login.token), [200, 200])

    const [token] = await record.listTokens({ state: 'all', subject, now: Date.now(), limit: 1 })
    const subjectId = token?.subject.id ?? ''
    t.ok(await record.logins.read(subjectId, 'legacy'), 'the login is kept sealed')
    t.equal((await installation.run('subject', 'delete', subject, '--cause', 'gone')).code, 0)
    t.equal(await record.logins.read(subjectId, 'legacy'), undefined, 'and is gone')
    for (const text of [...texts, login.token]) t.strictSame(await statuses(text), [401, 401])
  },
)

/** The head has come; of the body no more than what the connection holds. */
async function beginDownload(port: number, token: string): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const headers = { 'x-auth-token': token }
  get({ host: '127.0.0.1', port, path: `${account}/box/large`, headers, agent: false }, resolve).on(
    'error',
    reject,
  )
  const response = await promise
  response.pause()
  return response
}
