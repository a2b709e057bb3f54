/**
 * What an upstream is told, proven to it, and to nobody else; what it is not told, and what does not count.
 * @module
 */

import { createHmac } from 'node:crypto'
import { decodeJwt } from 'jose'
import t, { type Test } from 'tap'
import type { Clock } from '../../../src/lib/clock.ts'
import { actAt } from '../../support/act.ts'
import { type GatewayInput, startTestGateway } from '../../support/gateway.ts'
import {
  type HeaderLine,
  type RecordingUpstream,
  recordingUpstream,
} from '../../support/recording-upstream.ts'
import { until } from '../../support/until.ts'
import { assertionIn, header, issuer, keyIdOf, keysPath, verifyAt } from './verifier.ts'

const bearer = ({ text }: { readonly text: string }): HeaderLine => ['Authorization', `Bearer ${text}`]
const forged: readonly HeaderLine[] = [
  [header, 'forged'],
  ['X_Sallyport_Assertion', 'forged'],
  ['X-Proof', 'forged'],
  ['x_proof', 'forged'],
]

async function start(t: Test, input: Partial<GatewayInput> = {}, clock?: Clock) {
  const upstream = await recordingUpstream(t)
  const routes = [{ name: 'api', match: { path: '/{path*}' }, assertion: {} }]
  const plan = { upstream: upstream.url, assertion: { issuer, keysPath }, routes, ...input }
  return { upstream, gateway: await startTestGateway(t, plan, clock) }
}

const lastOf = ({ requests }: RecordingUpstream) => requests.at(-1)

t.test('by Ed25519 it is proven as well, with keys that no other statement is signed by', async (t) => {
  const { upstream, gateway } = await start(t, { assertion: { issuer, keysPath, algorithm: 'EdDSA' } })
  const issued = await gateway.issue()
  t.equal((await gateway.request({ path: '/x', headers: [bearer(issued)] })).status, 200)
  const text = assertionIn(lastOf(upstream))
  for (const port of [gateway.port, gateway.adminPort]) {
    t.match(await verifyAt(port, text, { algorithm: 'EdDSA' }), { sub: 'alice', iss: issuer })
    await t.rejects(verifyAt(port, text), 'by no other algorithm')
  }
  const [head = '', ...rest] = text.split('.')
  const weaker = { ...JSON.parse(Buffer.from(head, 'base64url').toString()), alg: 'ES256' }
  const renamed = [Buffer.from(JSON.stringify(weaker)).toString('base64url'), ...rest].join('.')
  for (const algorithm of ['EdDSA', 'ES256'] as const) {
    await t.rejects(verifyAt(gateway.port, renamed, { algorithm }))
  }
})

t.test('an upstream learns who was let through, as what and where, and can prove it', async (t) => {
  const { upstream, gateway } = await start(t, {
    routes: [
      {
        name: 'projects',
        match: { path: '/{project}' },
        authorize: { bindings: { project: '{project}' }, kinds: ['deploy'] },
        assertion: {},
      },
    ],
  })
  const issued = await gateway.issue({
    kind: 'deploy',
    subject: 'test:tester',
    scopes: ['read', 'write'],
    bindings: { project: ['pip', 'tox'] },
    access: 'owner',
  })
  t.equal((await gateway.request({ path: '/pip', headers: [bearer(issued)] })).status, 200)
  const text = assertionIn(lastOf(upstream))
  const { iat = 0, nbf, exp = 0, jti, ...claims } = await verifyAt(gateway.port, text)
  t.strictSame(claims, {
    iss: issuer,
    aud: 'legacy',
    sub: 'test:tester',
    token_id: issued.token.id,
    token_kind: 'deploy',
    scope: 'read write',
    access: 'owner',
    owner: true,
    bindings: { project: ['pip', 'tox'] },
    route: 'projects',
  })
  t.equal(nbf, iat)
  t.equal(exp - iat, 60)
  t.match(jti, /^[0-9a-f-]{36}$/)
  t.notMatch(text, issued.text)
  t.strictSame(lastOf(upstream)?.header('authorization'), [], 'proof in place of the credential')
  t.strictSame((await verifyAt(gateway.adminPort, text)).jti, jti, 'the admin listener has the same keys')
})

t.test('what is for one upstream is not for another, nor is it from another gateway', async (t) => {
  const { upstream, gateway } = await start(t, {
    routes: [
      { name: 'a', match: { path: '/a' }, assertion: { audience: 'storage' } },
      { name: 'b', match: { path: '/b' }, assertion: { header: 'X-Proof', audience: 'urn:example:b' } },
    ],
  })
  const headers = [bearer(await gateway.issue())]
  await gateway.request({ path: '/a', headers })
  const ofA = assertionIn(lastOf(upstream))
  await gateway.request({ path: '/b', headers })
  const ofB = assertionIn(lastOf(upstream), 'x-proof')
  t.strictSame(lastOf(upstream)?.header(header), [])
  t.match(await verifyAt(gateway.port, ofA, { audience: 'storage' }), { route: 'a' })
  t.match(await verifyAt(gateway.port, ofB, { audience: 'urn:example:b' }), { route: 'b' })
  const code = 'ERR_JWT_CLAIM_VALIDATION_FAILED'
  await t.rejects(verifyAt(gateway.port, ofA, { audience: 'urn:example:b' }), { code })
  await t.rejects(verifyAt(gateway.port, ofB, { audience: 'storage' }), { code })
  const { gateway: other } = await start(t)
  await t.rejects(verifyAt(other.port, ofA, { audience: 'storage' }), { code: 'ERR_JWKS_NO_MATCHING_KEY' })
})

t.test('nobody who has the public keys can make one, by whatever algorithm', async (t) => {
  const { upstream, gateway } = await start(t)
  await gateway.request({ headers: [bearer(await gateway.issue())] })
  const genuine = assertionIn(lastOf(upstream))
  const [, claims = '', signature = ''] = genuine.split('.')
  const { body } = await gateway.request({ path: keysPath })
  const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const headOf = (alg: string) => encoded({ alg, typ: 'sallyport+jwt', kid: keyIdOf(genuine) })
  const symmetric = `${headOf('HS256')}.${claims}`
  const mac = createHmac('sha256', body).update(symmetric).digest('base64url')
  const widened = encoded({ ...decodeJwt(genuine), access: 'owner', owner: true })
  for (const text of [
    `${symmetric}.${mac}`,
    `${headOf('none')}.${claims}.`,
    `${headOf('ES256')}.${widened}.${signature}`,
  ]) {
    await t.rejects(verifyAt(gateway.port, text), /alg|signature/i)
  }
})

t.test('an assertion opens nothing at the gateway, wherever it is presented', async (t) => {
  const { upstream, gateway } = await start(t, {
    routes: [
      { name: 'api', match: { path: '/{path*}' }, assertion: {}, credentials: ['bearer', { header }] },
      {
        name: 'registry',
        match: { hosts: ['registry.example'], path: '/{path*}' },
        // What confuses: both kinds of statement have one audience.
        profile: { registry: { service: 'legacy' } },
      },
    ],
  })
  await gateway.request({ headers: [bearer(await gateway.issue())] })
  const text = assertionIn(lastOf(upstream))
  t.equal((await gateway.request({ headers: [bearer({ text })] })).status, 401)
  t.equal((await gateway.request({ headers: [[header, text]] })).status, 401)
  const host: HeaderLine = ['Host', 'registry.example']
  for (const path of ['/v2/', '/v2/a/manifests/latest']) {
    const { status } = await gateway.request({ path, headers: [host, bearer({ text })] })
    t.equal(status, 401, path)
  }
  t.equal(upstream.requests.length, 1)
})

t.test(
  'a client’s own is removed on every route, in every spelling, and nobody is asserted as anybody',
  async (t) => {
    const rest = { allowUnderscoreHeaders: true }
    const { upstream, gateway } = await start(t, {
      routes: [
        { match: { path: '/asserted' }, assertion: { header: 'X-Proof' }, ...rest },
        { match: { path: '/plain' }, ...rest },
        { match: { path: '/public' }, authorize: { public: true }, ...rest },
        { match: { path: '/anonymous' }, assertion: {}, missingCredential: 'anonymous', ...rest },
        { match: { path: '/shadow' }, assertion: {}, mode: 'shadow', ...rest },
      ],
    })
    const credential = bearer(await gateway.issue())
    const valuesAt = async (path: string, headers: readonly HeaderLine[]) => {
      t.equal((await gateway.request({ path, headers: [...headers, ...forged] })).status, 200, path)
      const names = [header, 'x_sallyport_assertion', 'x-proof', 'x_proof']
      return names.flatMap((name) => lastOf(upstream)?.header(name) ?? [])
    }
    const [proof = '', ...others] = await valuesAt('/asserted', [credential])
    t.match(await verifyAt(gateway.port, proof), { sub: 'alice' })
    t.strictSame(others, [])
    t.strictSame(await valuesAt('/plain', [credential]), [])
    t.strictSame(await valuesAt('/public', [credential]), [])
    t.strictSame(await valuesAt('/anonymous', []), [])
    t.strictSame(await valuesAt('/shadow', []), [], 'what would be refused is nobody’s')
    t.equal((await valuesAt('/shadow', [credential])).length, 1, 'what would pass anyway is somebody’s')
  },
)

t.test('none is signed any more from the moment that the decision refuses', async (t) => {
  const { upstream, gateway } = await start(t)
  const [revoked, disabled] = [await gateway.issue(), await gateway.issue({ subject: 'bob' })]
  for (const issued of [revoked, disabled]) {
    t.equal((await gateway.request({ headers: [bearer(issued)] })).status, 200)
  }
  const given = upstream.requests.map((request) => assertionIn(request))
  await gateway.store.revokeToken(revoked.token.id, actAt(Date.now()))
  await gateway.store.setSubjectStatus('bob', 'disabled', actAt(Date.now()))
  for (const issued of [revoked, disabled]) {
    // One that is under way when the word arrives is broken off.
    const statusOf = () => gateway.request({ headers: [bearer(issued)] }).then(({ status }) => status)
    await until(async () => (await statusOf().catch(() => 0)) === 401)
    const seen = upstream.requests.length
    t.equal((await gateway.request({ headers: [bearer(issued)] })).status, 401)
    t.equal(upstream.requests.length, seen)
  }
  for (const text of given)
    t.match(await verifyAt(gateway.port, text), { aud: 'legacy' }, 'good to its own end')
})

t.test(
  'it is sent again while it is fresh, never outlives its token, and says what the record says',
  async (t) => {
    const clock = { at: 1_700_000_000_000, now: () => clock.at }
    const { upstream, gateway } = await start(t, { assertion: { issuer, keysPath, lifetime: '40s' } }, clock)
    const issued = await gateway.issue({ lifetimeMs: 90_500 })
    const ask = async () => {
      t.equal((await gateway.request({ headers: [bearer(issued)] })).status, 200)
      return assertionIn(lastOf(upstream))
    }
    const expiryOf = async (text: string) => (await verifyAt(gateway.port, text, { now: clock.at })).exp
    const first = await ask()
    t.equal(await expiryOf(first), clock.at / 1_000 + 40)
    clock.at += 19_000
    t.equal(await ask(), first)
    clock.at += 1_000
    t.equal(await ask(), first, 'another is signed behind this one')
    await until(async () => (await ask()) !== first)
    clock.at += 60_000
    const last = await ask()
    t.equal(await expiryOf(last), Math.floor((issued.token.expiresAt ?? 0) / 1_000))
    clock.at += 10_400
    t.equal(await ask(), last)
    await t.rejects(expiryOf(last), { code: 'ERR_JWT_EXPIRED' })
    clock.at += 100
    t.equal((await gateway.request({ headers: [bearer(issued)] })).status, 401)
  },
)

t.test('the keys are for everybody to read, at one path', async (t) => {
  const { upstream, gateway } = await start(t)
  const headers: HeaderLine[] = [
    ['Host', 'any.example'],
    ['Authorization', 'Bearer nonsense'],
  ]
  const answer = await gateway.request({ path: `${keysPath}?x=1`, headers })
  t.equal(answer.status, 200)
  t.strictSame(answer.header('content-type'), ['application/jwk-set+json'])
  t.equal(JSON.parse(answer.body.toString()).keys.length, 1)
  const head = await gateway.request({ path: keysPath, method: 'HEAD' })
  t.equal(head.status, 200)
  t.equal(head.body.length, 0)
  t.equal((await gateway.request({ path: keysPath, method: 'POST' })).status, 404)
  for (const path of [`${keysPath}/`, '/.well-known/JWKS.json', '/%2ewell-known/jwks.json']) {
    t.not((await gateway.request({ path })).status, 200, path)
  }
  t.equal(upstream.requests.length, 0)
  const silent = await start(t, { assertion: { issuer } })
  t.equal((await silent.gateway.request({ path: keysPath })).status, 401, 'a path of the route')
  const published = await fetch(`http://127.0.0.1:${silent.gateway.adminPort}${keysPath}`)
  t.equal(((await published.json()) as { keys: unknown[] }).keys.length, 1)
})
