/**
 * Clients of four other services go on with the tokens that they hold, in the way that they always sent them.
 * @module
 */

import { join } from 'node:path'
import t from 'tap'
import { systemClock } from '../../../src/lib/clock.ts'
import { newKeyRing } from '../../../src/tokens/keys/key-ring-text.ts'
import { startTestGateway, type TestGateway } from '../../support/gateway.ts'
import { recordingUpstream } from '../../support/recording-upstream.ts'
import { until } from '../../support/until.ts'
import { misspelt } from '../../unit/formats/vectors.ts'
import {
  authorization,
  foreignTokens,
  gocdToken,
  importLines,
  readTheDocsKey,
  sentryDsnKey,
  sentryToken,
} from './foreign-tokens.ts'

const ring = newKeyRing(systemClock).reveal()
const upstream = await recordingUpstream(t)

const folder = t.testdir()

/** Gateways of one name share one record. */
function startGateway(name: string, store: { readonly rehashForeign?: boolean } = {}): Promise<TestGateway> {
  return startTestGateway(t, {
    upstream: upstream.url,
    keys: { ring },
    store: { sqlite: { path: join(folder, `${name}.db`) }, ...store },
    routes: [
      { match: { path: '/go/{rest*}' }, credentials: ['bearer'] },
      {
        match: { path: '/api/v2/project/{project}' },
        credentials: ['token'],
        authorize: { bindings: { project: '{project}' } },
      },
      {
        match: { path: '/api/0/{rest*}' },
        credentials: ['bearer'],
        authorize: { scopes: { allOf: ['project:read'] } },
      },
      {
        match: { path: '/api/{project}/store' },
        credentials: [
          'dsn',
          { header: 'X-Sentry-Auth', scheme: 'Sentry', parameter: 'sentry_key' },
          { query: 'sentry_key' },
        ],
        authorize: { kinds: ['dsn'], bindings: { project: '{project}' } },
      },
    ],
  })
}

const gateway = await startGateway('four')
const imported = await importLines(
  gateway.store,
  ring,
  foreignTokens.map(({ line }) => line),
)
if (imported.outcome === 'refused') throw new Error(imported.problems.join('\n'))

const status = async (path: string, request: ReturnType<typeof authorization>, of = gateway) =>
  (await of.request({ path, ...request })).status
const hashes = (of: TestGateway, algorithm: string) =>
  of.metric(`sallyport_foreign_hashes_total{algorithm="${algorithm}"}`)
const foundIn = (of: TestGateway, tier: string) =>
  of.metric(`sallyport_token_lookups_total{tier="${tier}",result="hit"}`)

t.test('a running gateway takes an imported token within a second', async (t) => {
  const bearer = authorization('Bearer', gocdToken.text)
  await until(async () => (await status('/go/api/agents', bearer)) === 200)
  t.equal(upstream.requests.at(-1)?.target, '/go/api/agents')
  t.same(upstream.requests.at(-1)?.header('authorization'), [], 'the credential stays here')
})

t.test('Read the Docs: a build key, with «Token», for its project alone', async (t) => {
  const key = authorization('Token', readTheDocsKey.text)
  t.equal(await status('/api/v2/project/pip', key), 200)
  t.equal(await status('/api/v2/project/other', key), 403)
  t.equal(await status('/api/v2/project/pip', authorization('Token', misspelt(readTheDocsKey.text))), 401)
  const [token] = await gateway.store.listTokens({
    state: 'active',
    kind: 'build',
    now: Date.now(),
    limit: 9,
  })
  t.match(token, { createdBy: 'tester', description: 'build 41', subject: { name: 'pip-builder' } })
  t.ok((token?.expiresAt ?? 0) > Date.now(), 'the ceiling of its kind holds for it too')
})

t.test('GoCD: the digits as they are, in no other case and of no other length', async (t) => {
  for (const text of [
    misspelt(gocdToken.text),
    gocdToken.text.toUpperCase(),
    gocdToken.text.slice(1),
    `${gocdToken.text}0`,
    `0${gocdToken.text.slice(1)}`,
  ]) {
    t.equal(await status('/go/api/agents', authorization('Bearer', text)), 401, text)
  }
  t.equal(await status('/go/api/agents', authorization('bEARER', gocdToken.text)), 200)
})

t.test('Sentry: a user token, within its scopes and its access', async (t) => {
  const bearer = authorization('Bearer', sentryToken.text)
  t.equal(await status('/api/0/projects', bearer), 200)
  t.equal((await gateway.request({ method: 'PUT', path: '/api/0/projects', ...bearer })).status, 403)
  t.equal(await status('/api/0/projects', authorization('Bearer', gocdToken.text)), 403, 'no scope')
})

t.test('Sentry: a DSN, where one is presented, for its project alone', async (t) => {
  const dsn = (project: string) =>
    authorization('DSN', `https://${sentryDsnKey.text}@sentry.example/${project}`)
  t.equal(await status('/api/42/store', dsn('42')), 200)
  t.equal(await status('/api/42/store', dsn('43')), 401)
  t.equal(await status('/api/43/store', dsn('42')), 403)
  t.equal((await gateway.request({ path: `/api/42/store?sentry_key=${sentryDsnKey.text}` })).status, 200)
  const auth = ['X-Sentry-Auth', `Sentry sentry_key=${sentryDsnKey.text}, sentry_version=7`] as const
  t.equal((await gateway.request({ path: '/api/42/store', headers: [auth] })).status, 200)
  t.equal(await status('/go/api/agents', authorization('Bearer', sentryDsnKey.text)), 401)
})

t.test('a token in memory costs no hash, and a proven one is native from then on', async (t) => {
  const first = await startGateway('rehashed')
  await importLines(first.store, ring, [gocdToken.line])
  const bearer = authorization('Bearer', gocdToken.text)
  await until(async () => (await status('/go/', bearer, first)) === 200)
  const before = await hashes(first, 'pbkdf2')
  for (let time = 0; time < 5; time++) t.equal(await status('/go/', bearer, first), 200)
  t.equal(await hashes(first, 'pbkdf2'), before)
  t.equal(await first.metric('sallyport_store_queries_total{operation="rehashForeign"}'), 1)

  const second = await startGateway('rehashed')
  t.equal(await status('/go/', bearer, second), 200)
  t.equal(await hashes(second, 'pbkdf2'), 0)
  t.equal(await foundIn(second, 'store'), 1)
})

t.test('without re-hashing each gateway proves for itself, once', async (t) => {
  const first = await startGateway('as-it-came', { rehashForeign: false })
  await importLines(first.store, ring, [gocdToken.line])
  const bearer = authorization('Bearer', gocdToken.text)
  await until(async () => (await status('/go/', bearer, first)) === 200)
  const second = await startGateway('as-it-came', { rehashForeign: false })
  for (let time = 0; time < 3; time++) t.equal(await status('/go/', bearer, second), 200)
  t.equal(await hashes(second, 'pbkdf2'), 1)
  t.equal(await second.metric('sallyport_store_queries_total{operation="rehashForeign"}'), 0)
})

t.test('a wrong secret is remembered as absent, and answered like an unknown id', async (t) => {
  const strict = await startGateway('strict')
  await importLines(strict.store, ring, [gocdToken.line])
  await until(async () => (await status('/go/', authorization('Bearer', gocdToken.text), strict)) === 200)
  const counted = async (text: string) => {
    const before = await hashes(strict, 'pbkdf2')
    const answers = await Promise.all(
      [1, 2, 3].map(() => strict.request({ path: '/go/', ...authorization('Bearer', text) })),
    )
    return {
      hashes: (await hashes(strict, 'pbkdf2')) - before,
      answers: answers.map(({ status, body }) => [status, JSON.parse(body.toString()).code]),
    }
  }
  const refused = Array(3).fill([401, 'invalid_token'])
  t.same(await counted(misspelt(gocdToken.text)), { hashes: 1, answers: refused })
  t.same(
    await counted(`ffffffff${gocdToken.text.slice(8)}`),
    { hashes: 1, answers: refused },
    'the same work',
  )
  t.same(await counted('not-a-token'), { hashes: 0, answers: refused })
})

t.test('a text of a format that nobody imported is refused without a look-up', async (t) => {
  const empty = await startGateway('empty')
  for (const { text } of foreignTokens) {
    t.equal(await status('/go/', authorization('Bearer', text), empty), 401)
  }
  t.equal(await empty.metric('sallyport_store_queries_total{operation="find"}'), 0)
  t.equal(await empty.metric('sallyport_store_queries_total{operation="findForeign"}'), 0)
  t.equal(await hashes(empty, 'pbkdf2'), 0)
})

t.test('an imported token is revoked like any other, and a wrong secret learns nothing of it', async (t) => {
  const [token] = await gateway.store.listTokens({
    state: 'active',
    subject: 'sentry-user',
    now: Date.now(),
    limit: 1,
  })
  await gateway.store.revokeToken(token?.id ?? '', {
    at: Date.now(),
    by: 'root',
    origin: 'test',
    cause: 'leaked',
  })
  const bearer = authorization('Bearer', sentryToken.text)
  // A request that the revocation finds under way is broken off.
  await until(async () => (await status('/api/0/projects', bearer).catch(() => 0)) === 401)
  const again = await importLines(gateway.store, ring, [sentryToken.line])
  t.match(again, { counts: { imported: 0, already: 1 } }, 'importing again does not bring it back')
  t.equal(await status('/api/0/projects', bearer), 401)
})

t.test('no log line has the text of a token', async (t) => {
  const log = JSON.stringify(gateway.log)
  t.match(log, /"request"/)
  for (const { text } of foreignTokens) t.notMatch(log, text)
})
