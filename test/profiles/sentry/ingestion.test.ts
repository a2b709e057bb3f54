/**
 * Events: the key wherever an SDK puts it, one key and one project, and everything as it came at Sentry.
 * @module
 */

import t from 'tap'
import type { HeaderLine } from '../../support/recording-upstream.ts'
import { isRefused } from './checks.ts'
import { backendKey, frontendKey, inactiveKey, sentryTokens } from './credentials.ts'
import { authorization, bearer, dsn, from, startScene } from './scene.ts'

const scene = await startScene(t)
const key = backendKey.publicKey
const auth = (publicKey: string): HeaderLine => [
  'X-Sentry-Auth',
  `Sentry sentry_version=7, sentry_client=raven/1.0, sentry_key=${publicKey}`,
]
const post = (path: string, headers: readonly HeaderLine[] = [], body: string | Buffer = '{}') =>
  scene.request({ method: 'POST', path, headers, body })
const endpoints = ['envelope', 'store', 'minidump', 'security', 'nel'] as const

/** Each with its place, for a key and the project that it says it is of. */
const ways = {
  header: (publicKey: string) => ({ query: '', headers: [auth(publicKey)] }),
  query: (publicKey: string) => ({
    query: `?sentry_version=7&sentry_key=${publicKey}&sentry_client=x%2F1`,
    headers: [],
  }),
  authorization: (publicKey: string) => ({
    query: '',
    headers: [authorization(`DSN ${dsn(publicKey, '42')}`)],
  }),
}

t.test('an active key of the project passes in every place, and reaches Sentry there', async (t) => {
  for (const endpoint of endpoints) {
    for (const [name, way] of Object.entries(ways)) {
      const { query, headers } = way(key)
      const target = `/api/42/${endpoint}/${query}`
      const answer = await post(target, headers)
      t.equal(answer.status, 200, `${endpoint} ${name}`)
      t.equal(answer.body.toString(), '{"id":"fc6d8c0c43fc4630ad850ee518f1b9d0"}')
      const seen = scene.sentry.last()
      t.equal(seen.target, target, 'the query as it came')
      for (const [header, value] of headers) t.strictSame(seen.header(header), [value])
      t.equal(seen.body.toString(), '{}')
    }
  }
})

t.test('an unknown, inactive or foreign key does not pass, in no place', async (t) => {
  for (const endpoint of endpoints) {
    for (const [name, way] of Object.entries(ways)) {
      for (const publicKey of [
        'f'.repeat(32),
        inactiveKey.publicKey,
        frontendKey.publicKey,
        sentryTokens.user,
      ]) {
        const { query, headers } = way(publicKey)
        const send = () => post(`/api/42/${endpoint}/${query}`, headers)
        const detail = publicKey === sentryTokens.user && name === 'query' ? 'Invalid token' : 'Invalid dsn'
        await isRefused(t, scene, send, detail, `${endpoint} ${name} ${publicKey}`)
      }
    }
  }
})

t.test('a good key is of no other project than its own, whatever the path or the DSN says', async (t) => {
  for (const path of [
    '/api/43/store/',
    '/api/042/store/',
    '/api/420/store/',
    '/api/4/store/',
    '/api/backend/store/',
  ]) {
    await isRefused(t, scene, () => post(path, [auth(key)]), 'Invalid dsn', path)
  }
  const other = authorization(`DSN ${dsn(frontendKey.publicKey, '43')}`)
  await isRefused(t, scene, () => post('/api/42/store/', [other]), 'Invalid dsn')
})

t.test('a key of two projects is of the one that the DSN names', async (t) => {
  const { text } = await scene.issue({ kind: 'dsn', subject: 'both', bindings: { project: ['42', '43'] } })
  const send = (path: string, project: string) => post(path, [authorization(`DSN ${dsn(text, project)}`)])
  await isRefused(t, scene, () => send('/api/43/store/', '42'), 'Invalid dsn')
  await isRefused(t, scene, () => send('/api/42/store/', '43'), 'Invalid dsn')
  t.equal((await send('/api/42/store/', '42')).status, 403, 'Sentry does not know it')
  t.equal(scene.sentry.last().target, '/api/42/store/')
})

t.test('without a key nothing passes', async (t) => {
  const missing = 'Authentication credentials were not provided.'
  for (const endpoint of endpoints)
    await isRefused(t, scene, () => post(`/api/42/${endpoint}/`), missing, endpoint)
  const noKey: HeaderLine = ['X-Sentry-Auth', 'Sentry sentry_version=7']
  await isRefused(t, scene, () => post('/api/42/store/', [noKey]), 'Invalid dsn')
  await isRefused(t, scene, () => post('/api/42/store/?sentry_key='), 'Invalid dsn')
  await isRefused(t, scene, () => post('/api/42/store/', [bearer(sentryTokens.user)]), 'Invalid token')
  await isRefused(t, scene, () => post('/api/42/store/', [['Cookie', 'sentrysid=alice']]), missing)
})

t.test('two keys are refused, wherever they stand and whatever they say', async (t) => {
  const before = scene.sentry.requests.length
  const byDsn = authorization(`DSN ${dsn(key, '42')}`)
  const both: readonly (readonly [string, readonly HeaderLine[]])[] = [
    ['', [auth(key), auth(key)]],
    ['', [auth(key), byDsn]],
    [`?sentry_key=${key}`, [auth(key)]],
    [`?sentry_key=${key}`, [byDsn]],
    [`?sentry_key=${key}&sentry_key=${key}`, []],
    [`?sentry_key=${key}&Sentry_Key=${frontendKey.publicKey}`, []],
    [`?sentry_key=${key}&sentry%5fkey=${frontendKey.publicKey}`, []],
    ['', [['X_Sentry_Auth', auth(key)[1]]]],
  ]
  for (const [query, headers] of both) {
    t.equal(
      (await post(`/api/42/store/${query}`, headers)).status,
      400,
      `${query} ${JSON.stringify(headers)}`,
    )
  }
  t.equal(scene.sentry.requests.length, before)
})

t.test('a key passes at the places where events are sent, and at no other', async (t) => {
  for (const path of [
    '/api/42/cron/nightly/x/',
    '/api/42/integration/otlp/v1/traces',
    '/api/42/events/1/attachments/',
    '/api/42/store/x',
  ]) {
    await isRefused(t, scene, () => post(path, [auth(key)]), 'Invalid dsn', path)
  }
  const missing = 'Authentication credentials were not provided.'
  await isRefused(t, scene, () => post('/api/0/store/', [auth(key)]), missing, 'nor as a key of the API')
})

t.test('no spelling of the path leads past the route', async (t) => {
  const missing = 'Authentication credentials were not provided.'
  for (const path of ['/api/42/store', '/api/42/%73tore/', '/%61pi/42/store/', '/api/%34%32/store/']) {
    await isRefused(t, scene, () => post(path), missing, path)
  }
  const before = scene.sentry.requests.length
  for (const path of [
    '//api/42/store/',
    '/api//42/store/',
    '/api/42/store%2f',
    '/api/42;/store/',
    '/x/../api/42/store/',
    '/api/42/store/%2e',
  ]) {
    t.equal((await post(path, [auth(key)])).status, 400, path)
  }
  t.equal(scene.sentry.requests.length, before)
  for (const method of ['PUT', 'DELETE', 'PATCH', 'GET', 'HEAD']) {
    t.equal((await scene.request({ method, path: '/api/42/store/' })).status, 401, method)
  }
  t.equal(scene.sentry.requests.length, before)
})

t.test('over HTTP/1.0 it is the same', async (t) => {
  const head = `POST /api/42/store/ HTTP/1.0\r\nHost: sentry\r\nContent-Length: 2\r\n`
  t.equal((await scene.raw(`${head}\r\n{}`)).status, 401)
  t.equal((await scene.raw(`${head}${auth(key).join(': ')}\r\n\r\n{}`)).status, 200)
})

t.test('Sentry gets exactly one address, the gateway’s word for it', async (t) => {
  await post('/api/42/store/', [auth(key), from('10.0.0.1, 203.0.113.9'), ['Forwarded', 'for=10.0.0.1']])
  t.strictSame(scene.sentry.last().header('x-forwarded-for'), ['203.0.113.9'])
  t.notMatch(JSON.stringify(scene.sentry.last().headers), '10.0.0.1')
})

t.test('a preflight passes without a key, and nothing that only looks like one', async (t) => {
  const origin: HeaderLine = ['Origin', 'https://shop.example']
  const method: HeaderLine = ['Access-Control-Request-Method', 'POST']
  const options = (...headers: readonly HeaderLine[]) =>
    scene.request({ method: 'OPTIONS', path: '/api/42/envelope/', headers })
  const answer = await options(origin, method, ['Access-Control-Request-Headers', 'x-sentry-auth'])
  t.equal(answer.status, 200)
  t.strictSame(answer.header('access-control-allow-origin'), ['*'])
  t.equal((await options(origin)).status, 401)
  t.equal((await options(origin, method, ['Cookie', 'sentrysid=alice'])).status, 401)
})

t.test('what Sentry says of a quota passes on', async (t) => {
  const limits: readonly HeaderLine[] = [
    ['Retry-After', '60'],
    ['X-Sentry-Rate-Limits', '60:error:organization, 2700:transaction:key'],
  ]
  scene.sentry.limit('43', limits)
  const answer = await post('/api/43/store/', [auth(frontendKey.publicKey)])
  t.equal(answer.status, 429)
  for (const [name, value] of limits) t.strictSame(answer.header(name), [value])
})

t.test('one key may send so much, and another goes on', async (t) => {
  const bounded = await startScene(t, {
    adjust: (settings) => {
      const { 'per-key': perKey } = settings.limits
      return perKey === undefined
        ? settings
        : { ...settings, limits: { 'per-key': { ...perKey, requests: 3 } } }
    },
  })
  const send = (project: string, publicKey: string) =>
    bounded.request({
      method: 'POST',
      path: `/api/${project}/store/`,
      headers: [auth(publicKey)],
      body: '{}',
    })
  const statuses: number[] = []
  for (let time = 0; time < 4; time++) statuses.push((await send('42', key)).status)
  t.equal(statuses.at(-1), 429)
  const last = await send('42', key)
  t.equal(last.body.toString(), '{"detail":"There were too many requests."}')
  t.equal(last.header('retry-after').length, 1)
  t.equal((await send('43', frontendKey.publicKey)).status, 200)
})
