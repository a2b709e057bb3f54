/**
 * A key revokes itself, and is unusable on every replica when that is answered; who asks again has succeeded, too.
 * @module
 */

import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { decodeEntry } from '../../../src/audit/entry.ts'
import { newKeyRing } from '../../../src/tokens/keys/key-ring-text.ts'
import { importLines, readTheDocsKey } from '../../integration/foreign/foreign-tokens.ts'
import { startTestGateway } from '../../support/gateway.ts'
import { freshDatabase } from '../../support/postgres.ts'
import { sharedRedisUrl, startRedis } from '../../support/redis.ts'
import { until } from '../../support/until.ts'
import { exampleRoutes, notAllowed, notPermitted, notProvided, passingRoutes, said, start } from './scene.ts'

const path = '/api/v2/revoke/'
/** So that a replica without Redis need not be waited for as long as by default. */
const cache = { pollInterval: '20ms', lease: '60ms' }

t.test('R14 nobody revokes without a key', async (t) => {
  const { send, carried } = await start(t)
  t.strictSame(said(await send('POST', path)), notProvided)
  t.strictSame(carried()[0]?.header('authorization'), [], 'the service says so itself')
})

t.test('R15 a session of the service revokes nothing either', async (t) => {
  const { send, carried, keyA } = await start(t, { cache })
  const headers = [['Cookie', 'sessionid=abc']] as const
  t.strictSame(said(await send('POST', path, undefined, { headers })), notPermitted, 'in its own words')
  t.strictSame(carried()[0]?.header('cookie'), ['sessionid=abc'])
  t.strictSame(said(await send('POST', path, 'abcdefgh.wrong', { headers })), notProvided)
  t.strictSame(said(await send('POST', path, keyA.text, { headers })), [204, ''], 'a key beside it counts')
  t.equal(carried().length, 1)
})

t.test('R16 a key that was revoked is as good as none', async (t) => {
  const { gateway, keyA, keyB, send, upstream } = await start(t, { cache })
  t.equal((await send('POST', '/api/v2/build/11/reset/', keyA.text)).status, 204)
  const before = upstream.requests.length
  const answer = await send('POST', path, keyA.text)
  t.strictSame(said(answer), [204, ''])
  t.strictSame(answer.header('content-type'), [])
  t.equal(upstream.requests.length, before, 'the service has no part in it')
  t.strictSame(said(await send('POST', '/api/v2/build/11/reset/', keyA.text)), notProvided)
  t.strictSame(said(await send('GET', '/api/v2/project/1/', keyA.text)), [200, '{"id":1,"slug":"pip"}'])
  t.strictSame(said(await send('GET', '/api/v2/project/2/', keyA.text)), [200, '{"id":2,"slug":"tox"}'])
  t.equal((await send('POST', '/api/v2/build/22/reset/', keyB.text)).status, 204, 'no other key is')

  t.match(await gateway.store.showToken(keyA.token.id), {
    revokedBy: 'builder',
    revokedCause: 'revoked by the token itself',
  })
  const entries = (await gateway.store.audit.latest(1)).map(({ entry }) => decodeEntry(entry))
  t.match(entries, [
    { deed: 'token_revoked', tokenId: keyA.token.id, by: 'builder', origin: 'client:127.0.0.1' },
  ])
  t.match(
    gateway.log.findLast(({ outcome }) => outcome === 'served'),
    {
      route: 'revoke',
      status: 204,
      tokenId: keyA.token.id,
    },
  )
})

t.test('R17 whoever tries again has succeeded: the first answer may have been lost', async (t) => {
  const { gateway, keyA, send, carried } = await start(t, { cache })
  for (let count = 0; count < 3; count++)
    t.strictSame(said(await send('POST', path, keyA.text)), [204, ''], String(count))
  const entries = (await gateway.store.audit.latest(10)).map(({ entry }) => decodeEntry(entry))
  t.equal(entries.filter((entry) => entry?.deed === 'token_revoked').length, 1, 'it was revoked once')
  t.equal(carried().length, 0)
})

t.test('R18 only POST revokes: 405 with a key, 403 without', async (t) => {
  const { gateway, keyA, send } = await start(t, { cache })
  for (const method of ['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
    const answer = await send(method, path, keyA.text)
    t.strictSame(said(answer), notAllowed(method))
    t.strictSame(answer.header('allow'), ['POST'])
    t.strictSame(said(await send(method, path)), notProvided, method)
    t.strictSame(said(await send(method, path, 'abcdefgh.wrong')), notProvided, method)
  }
  t.equal((await send('HEAD', path, keyA.text)).status, 405)
  t.equal((await gateway.store.showToken(keyA.token.id))?.revokedAt, undefined)
})

t.test('a key that has expired, or whose subject is disabled, was not revoked', async (t) => {
  const { gateway, keyA, issue, send } = await start(t, { cache })
  const expired = await issue('pip', { lifetimeMs: 1 })
  t.strictSame(said(await send('POST', path, expired.text)), notProvided)
  await gateway.store.setSubjectStatus('builder', 'disabled', { at: 0, by: 'x', origin: 'x', cause: '' })
  t.strictSame(said(await send('POST', path, keyA.text)), notProvided)
  t.equal((await gateway.store.showToken(keyA.token.id))?.revokedAt, undefined)
})

t.test('a token of another kind, or from another network, is not revoked here', async (t) => {
  const { gateway, issue, send } = await start(t, { cache })
  const minter = await gateway.issue({ kind: 'deploy', subject: 'ci', bindings: { project: ['pip'] } })
  const elsewhere = await issue('pip', { networks: ['192.0.2.0/24'] })
  for (const { text, token } of [minter, elsewhere]) {
    t.strictSame(said(await send('POST', path, text)), notPermitted)
    t.equal((await gateway.store.showToken(token.id))?.revokedAt, undefined)
  }
})

t.test('R30 what was revoked stays so, also when the key is imported again', async (t) => {
  const { ring, gateway, send, service } = await start(t, { cache, routes: passingRoutes() })
  const { text, line } = readTheDocsKey
  service.keys.set(text, 'pip')
  await importLines(gateway.store, ring, [line])
  await until(async () => (await send('POST', '/api/v2/build/11/reset/', text)).status === 204)
  t.strictSame(said(await send('POST', path, text)), [204, ''])
  t.match(await importLines(gateway.store, ring, [line]), { counts: { imported: 0, already: 1 } })
  t.strictSame(said(await send('POST', '/api/v2/build/11/reset/', text)), notProvided)
  const [token] = await gateway.store.listTokens({
    state: 'all',
    kind: 'build',
    subject: 'pip-builder',
    now: 0,
    limit: 1,
  })
  const again = await gateway.store.revokeToken(token?.id ?? '', {
    at: 0,
    by: 'x',
    origin: 'x',
    cause: 'other',
  })
  t.match(again, { outcome: 'already', token: { revokedCause: 'revoked by the token itself' } })
})

async function twoReplicas(t: Test, redis: string) {
  const postgres = await freshDatabase(t)
  const keys = { ring: newKeyRing({ now: () => Date.now() }).reveal() }
  const shared = {
    keys,
    store: { postgres: { url: postgres } },
    cache: { redis: { url: redis, prefix: `test-${randomBytes(6).toString('hex')}:`, timeout: '1s' } },
  }
  const one = await start(t, shared)
  const { url } = one.upstream
  const routes = exampleRoutes()
  const other = await startTestGateway(t, {
    ...shared,
    upstream: url,
    upstreams: { readthedocs: { url } },
    routes,
  })
  const reset = async (text: string) =>
    said(
      await other.request({
        method: 'POST',
        path: '/api/v2/build/11/reset/',
        headers: [['Authorization', `Token ${text}`]],
      }),
    )
  return { one, reset }
}

t.test('when a revocation is answered, no replica takes the key any more', async (t) => {
  const { one, reset } = await twoReplicas(t, sharedRedisUrl())
  const keys = await Promise.all(Array.from({ length: 20 }, () => one.issue('pip')))
  for (const { text } of keys) t.strictSame(await reset(text), [204, ''], 'it is in the memory of the other')
  await Promise.all(
    keys.map(async ({ text }) => {
      t.strictSame(said(await one.send('POST', path, text)), [204, ''])
      t.strictSame(await reset(text), notProvided)
    }),
  )
})

t.test('what replicas could not be told of is no success, and is one when it is tried again', async (t) => {
  const redis = await startRedis()
  const { one, reset } = await twoReplicas(t, redis.url)
  t.strictSame(await reset(one.keyA.text), [204, ''])
  await redis.stop()
  const answer = await one.send('POST', path, one.keyA.text)
  t.equal(answer.status, 503)
  t.strictSame(answer.header('retry-after'), ['1'])
  t.strictSame(await reset(one.keyA.text), notProvided, 'it is in force nevertheless')
})
