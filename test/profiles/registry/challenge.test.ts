/**
 * What clients learn before they are let in: where to get a registry token, and for what.
 * @module
 */

import { createHash, createHmac } from 'node:crypto'
import { join } from 'node:path'
import t from 'tap'
import { newKeyRing } from '../../../src/tokens/keys/key-ring-text.ts'
import { serverFolder } from '../../support/private-server.ts'
import { allowed, claimsOf, openScene, realm } from './scene.ts'

const unauthorized = '{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}'

t.test('L1 without a credential /v2/ is 401 with an empty body and the challenge', async (t) => {
  const { ask, upstream } = await openScene(t)
  for (const method of ['GET', 'HEAD']) {
    const answer = await ask('/v2/', [], { method })
    t.equal(answer.status, 401)
    t.equal(answer.body.length, 0)
    t.strictSame(answer.header('content-length'), ['0'])
    t.strictSame(answer.header('www-authenticate'), [realm])
  }
  t.equal(upstream.requests.length, 0)
})

t.test('without a publicUrl the challenge leads to the host that the client asked', async (t) => {
  const { ask, gateway } = await openScene(t, { profile: { publicUrl: undefined, tokenPaths: ['/token'] } })
  const [challenge] = (await ask('/v2/')).header('www-authenticate')
  t.equal(challenge, `Bearer realm="http://127.0.0.1:${gateway.port}/token",service="dependency_proxy"`)
})

t.test('L2 with a registry token /v2/ is 200 with an empty body, whatever it was asked for', async (t) => {
  const { ask, enter, upstream } = await openScene(t)
  for (const scopes of [[], ['repository:acme/app:pull']]) {
    const { bearer } = await enter(allowed, scopes)
    for (const method of ['GET', 'HEAD']) {
      const answer = await ask('/v2/', [bearer], { method })
      t.equal(answer.status, 200)
      t.equal(answer.body.length, 0)
      t.strictSame(answer.header('docker-distribution-api-version'), ['registry/2.0'])
    }
  }
  t.equal(upstream.requests.length, 0)
})

t.test('L3 an expired, forged, truncated or unsigned registry token is 401 with the challenge', async (t) => {
  const clock = { at: Date.UTC(2026, 2, 10), now: () => clock.at }
  const { ask, enter, upstream, gateway } = await openScene(t, { clock })
  const { jwt } = await enter(allowed, ['repository:acme/app:pull'])
  const [header = '', payload = '', signature = ''] = jwt.split('.')
  const other = await openScene(t, { clock })
  const foreign = await other.enter(allowed, ['repository:acme/app:pull'])
  const wider = encode({ ...claimsOf(jwt), access: [{ type: 'repository', name: 'x', actions: ['pull'] }] })
  const none = encode({ alg: 'none', typ: 'JWT' })
  const kid = JSON.parse(Buffer.from(header, 'base64url').toString()).kid
  const [key] = JSON.parse((await ask('/jwt/keys')).body.toString()).keys
  const hs256 = `${encode({ alg: 'HS256', typ: 'JWT', kid })}.${payload}`
  const mac = createHmac('sha256', JSON.stringify(key)).update(hs256).digest('base64url')
  const cases = {
    'of another gateway': foreign.jwt,
    'another signature': `${header}.${payload}.${createHash('sha512').update('x').digest('base64url')}`,
    'more than was signed': `${header}.${wider}.${signature}`,
    'no signature': `${none}.${payload}.x`,
    'an empty signature': `${none}.${payload}.`,
    'signed with the public key': `${hs256}.${mac}`,
    'no claims': `${header}..${signature}`,
    'cut short': jwt.slice(0, -4),
    'not a registry token': 'spp_abc',
    'a key of its own': `${encode({ alg: 'ES256', typ: 'JWT', kid, jwk: key })}.${payload}.${signature}`,
  }
  for (const [what, text] of Object.entries(cases)) {
    for (const path of ['/v2/', '/v2/acme/app/tags/list']) {
      const answer = await ask(path, [['Authorization', `Bearer ${text}`]])
      t.equal(answer.status, 401, what)
      t.equal(answer.body.toString(), path === '/v2/' ? '' : unauthorized, what)
      const scope = path === '/v2/' ? '' : ',scope="repository:acme/app:pull"'
      t.strictSame(answer.header('www-authenticate'), [realm + scope], what)
    }
  }
  clock.at += 24 * 3_600_000
  t.equal((await ask('/v2/', [['Authorization', `Bearer ${jwt}`]])).status, 401, 'expired')
  t.equal(upstream.requests.length, 0)
  t.notOk(JSON.stringify(gateway.log).includes(signature), 'no registry token is logged')
})

t.test('a statement for another audience, or of another issuer, is none here', async (t) => {
  const folder = serverFolder('registry-tokens')
  const shared = {
    keys: { ring: newKeyRing({ now: () => 0 }).reveal() },
    store: { sqlite: { path: join(folder, 'tokens.db') } },
  }
  const here = await openScene(t, shared)
  for (const profile of [{ service: 'another' }, { issuer: 'another' }]) {
    const there = await openScene(t, { ...shared, profile })
    const { text } = await there.gateway.issue(allowed)
    const query = `?service=${profile.service ?? 'dependency_proxy'}`
    const { token } = JSON.parse((await there.logIn({ password: text, query })).body.toString())
    t.equal((await there.ask('/v2/', [['Authorization', `Bearer ${token}`]])).status, 200)
    t.equal((await here.ask('/v2/', [['Authorization', `Bearer ${token}`]])).status, 401)
  }
})

t.test('L30 the scheme counts by its case: bearer is no Bearer, and Token is as good', async (t) => {
  const { ask, enter } = await openScene(t)
  const { jwt } = await enter(allowed)
  const statusOf = async (value: string) => (await ask('/v2/', [['Authorization', value]])).status
  t.equal(await statusOf(`bearer ${jwt}`), 401)
  t.equal(await statusOf(`BEARER ${jwt}`), 401)
  t.equal(await statusOf(`Bearer${jwt}`), 401)
  t.equal(await statusOf(`Basic ${jwt}`), 401)
  t.equal(await statusOf(`Bearer ${jwt}, Bearer ${jwt}`), 401)
  t.equal(await statusOf(`Token ${jwt}`), 200)
  t.equal(await statusOf(`Bearer  \t ${jwt}`), 200)
})

t.test('the challenge asks for what the request needs, mount source and all', async (t) => {
  const { ask, upstream } = await openScene(t)
  const digest = `sha256:${'0'.repeat(64)}`
  const cases: [method: string, path: string, scope: string][] = [
    ['GET', '/v2/acme/app/manifests/v1', 'repository:acme/app:pull'],
    ['HEAD', `/v2/acme/app/blobs/${digest}`, 'repository:acme/app:pull'],
    ['GET', '/v2/acme/sub/app/tags/list?n=1', 'repository:acme/sub/app:pull'],
    ['GET', `/v2/acme/app/referrers/${digest}`, 'repository:acme/app:pull'],
    ['PUT', '/v2/acme/app/manifests/v1', 'repository:acme/app:pull,push'],
    ['POST', '/v2/acme/app/blobs/uploads/', 'repository:acme/app:pull,push'],
    ['DELETE', '/v2/acme/app/manifests/v1', 'repository:acme/app:delete'],
    [
      'POST',
      `/v2/acme/app/blobs/uploads/?mount=${digest}&from=other/base`,
      'repository:acme/app:pull,push repository:other/base:pull',
    ],
  ]
  for (const [method, path, scope] of cases) {
    const answer = await ask(path, [], { method })
    t.equal(answer.status, 401, path)
    t.equal(answer.body.toString(), method === 'HEAD' ? '' : unauthorized)
    t.strictSame(answer.header('content-type'), ['application/json; charset=utf-8'])
    t.strictSame(answer.header('www-authenticate'), [`${realm},scope="${scope}"`])
  }
  for (const path of ['/v2/_catalog', '/v2/acme/app', '/v2/acme/app/unknown']) {
    t.strictSame((await ask(path)).header('www-authenticate'), [realm], path)
  }
  t.equal(upstream.requests.length, 0)
})

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
