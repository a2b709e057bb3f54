/**
 * Requests to the registry itself: what a registry token opens, what ends it, and what reaches the registry.
 * @module
 */

import t, { type Test } from 'tap'
import type { RawAnswer } from '../../support/raw-request.ts'
import { brokenOff, until } from '../../support/until.ts'
import { allowed, openScene, realm } from './scene.ts'

const digest = `sha256:${'0'.repeat(64)}`
const pull = 'repository:acme/app:pull'

function isUnknown(t: Test, answer: RawAnswer, name?: string): void {
  const detail = name === undefined ? '' : `,"detail":{"name":"${name}"}`
  t.equal(answer.status, 404)
  t.equal(
    answer.body.toString(),
    `{"errors":[{"code":"NAME_UNKNOWN","message":"repository name not known to registry"${detail}}]}`,
  )
  t.strictSame(answer.header('www-authenticate'), [])
}

t.test('L21 a pull outside of the groups of the token is 404, whatever is there', async (t) => {
  const { ask, enter, upstream } = await openScene(t)
  const { bearer } = await enter({ ...allowed, bindings: { group: ['other'] } })
  isUnknown(t, await ask('/v2/acme/app/manifests/v1', [bearer]), 'acme/app')
  isUnknown(t, await ask(`/v2/acme/app/blobs/${digest}`, [bearer]), 'acme/app')
  isUnknown(t, await ask('/v2/acme/nothing/tags/list', [bearer]), 'acme/nothing')
  t.equal(upstream.requests.length, 0)
})

t.test('L22 a pull within them passes, and nothing of the credential goes up', async (t) => {
  const reply = () => ({ body: 'manifest', headers: [['Docker-Content-Digest', digest] as const] })
  const { ask, enter, upstream, gateway } = await openScene(t, { reply })
  const { bearer, jwt, text } = await enter({ ...allowed, access: 'read-only' }, [pull])
  const forged = ['Gitlab-Workhorse-Api-Request', 'forged'] as const
  const answer = await ask('/v2/acme/app/manifests/v1?x=1', [bearer, forged, ['Accept', 'application/json']])
  t.equal(answer.status, 200)
  t.equal(answer.body.toString(), 'manifest')
  t.strictSame(answer.header('docker-content-digest'), [digest])
  const [received] = upstream.requests
  t.equal(received?.target, '/v2/acme/app/manifests/v1?x=1')
  t.strictSame(received?.header('accept'), ['application/json'])
  t.strictSame(received?.header('x-sallyport-subject'), ['alice'])
  t.strictSame(received?.header('x-forwarded-host'), [`127.0.0.1:${gateway.port}`])
  for (const name of ['authorization', 'gitlab-workhorse-api-request'])
    t.strictSame(received?.header(name), [])
  t.notOk(JSON.stringify(received?.headers).includes(jwt))
  t.notOk(JSON.stringify(gateway.log).includes(text))
})

t.test('L23, L24 a group holds what is below it by whole names, and no sibling', async (t) => {
  const { ask, enter } = await openScene(t)
  const group = { ...allowed, kind: 'deploy', bindings: { group: ['acme/team'] } } as const
  const names = ['acme/team/app', 'acme/team/sub/deep/app', 'acme/teams/app', 'acme/team', 'acme/other/app']
  const scopes = names.map((name) => `repository:${name}:pull`)
  const { bearer } = await enter(group, scopes)
  const statuses = await Promise.all(
    names.map(async (name) => (await ask(`/v2/${name}/tags/list`, [bearer])).status),
  )
  t.same(statuses, [200, 200, 404, 404, 404])
})

t.test('a project is one repository, and none below it', async (t) => {
  const { ask, enter } = await openScene(t)
  const names = ['acme/app', 'acme/app/sub', 'acme/apps']
  const scopes = names.map((name) => `repository:${name}:pull`)
  const bindings = { project: ['acme/app'] }
  const { bearer } = await enter({ ...allowed, bindings }, scopes)
  for (const [index, name] of names.entries()) {
    t.equal((await ask(`/v2/${name}/tags/list`, [bearer])).status, index === 0 ? 200 : 404, name)
  }
  const both = { project: ['acme/app', 'other/app'], group: ['acme'] }
  const narrowed = await enter({ ...allowed, bindings: both }, ['repository:acme/app:pull'])
  t.equal((await ask('/v2/acme/app/tags/list', [narrowed.bearer])).status, 200)
  isUnknown(t, await ask('/v2/other/app/tags/list', [narrowed.bearer]), 'other/app')
  isUnknown(t, await ask('/v2/acme/b/tags/list', [narrowed.bearer]), 'acme/b')
})

t.test('paths narrow a token to the repositories below them', async (t) => {
  const { ask, enter } = await openScene(t)
  const scopes = ['repository:acme/app:pull', 'repository:acme/b:pull']
  const { bearer } = await enter({ ...allowed, paths: ['/v2/acme/app'] }, scopes)
  t.equal((await ask('/v2/acme/app/tags/list', [bearer])).status, 200)
  t.equal((await ask('/v2/acme/b/tags/list', [bearer])).status, 404)
})

t.test('L25, L27 a registry token ends with its token, and with the subject', async (t) => {
  const { ask, enter, revoke, gateway, upstream } = await openScene(t)
  const revoked = await enter(allowed, [pull])
  const disabled = await enter({ ...allowed, subject: 'mallory' }, [pull])
  const path = '/v2/acme/app/manifests/v1'
  for (const { bearer } of [revoked, disabled]) t.equal((await ask(path, [bearer])).status, 200)
  await revoke(revoked.token.id)
  await gateway.store.setSubjectStatus('mallory', 'disabled', {
    at: Date.now(),
    by: 'test',
    origin: 'test',
    cause: 'left',
  })
  for (const { bearer } of [revoked, disabled]) {
    await until(async () => (await ask(path, [bearer]).catch(brokenOff)).status === 401)
    const answer = await ask(path, [bearer])
    t.strictSame(answer.header('www-authenticate'), [`${realm},scope="${pull}"`])
    t.equal((await ask('/v2/', [bearer])).status, 401)
  }
  const sent = upstream.requests.length
  await ask(path, [revoked.bearer])
  t.equal(upstream.requests.length, sent)
})

t.test('a token that expires ends its registry tokens, leeway or not', async (t) => {
  const clock = { at: Date.UTC(2026, 2, 10), now: () => clock.at }
  const { ask, enter } = await openScene(t, { clock })
  const { bearer } = await enter({ ...allowed, lifetimeMs: 120_000 }, [pull])
  clock.at += 119_999
  t.equal((await ask('/v2/acme/app/tags/list', [bearer])).status, 200)
  clock.at += 1
  t.equal((await ask('/v2/acme/app/tags/list', [bearer])).status, 401)
})

t.test('L28 a minute of leeway, and not a millisecond more, whether it is known or not', async (t) => {
  for (const isKnown of [true, false]) {
    const clock = { at: Date.UTC(2026, 2, 10), now: () => clock.at }
    const { ask, enter } = await openScene(t, { clock })
    const { bearer } = await enter(allowed, [pull])
    const statusAt = async (ms: number) => {
      clock.at = Date.UTC(2026, 2, 10) + ms
      return (await ask('/v2/acme/app/tags/list', [bearer])).status
    }
    if (isKnown) t.equal(await statusAt(0), 200)
    t.equal(await statusAt(330_000), 200)
    t.equal(await statusAt(359_999), 200)
    t.equal(await statusAt(360_000), 401)
    t.equal(await statusAt(361_000), 401)
  }
})

t.test('L29 two tokens of one user are two identities: each with its own scopes', async (t) => {
  const { ask, enter, upstream } = await openScene(t, { profile: { scopes: 'any-of' } })
  const scopes = ['repository:acme/app:pull,push,delete']
  const reader = await enter({ ...allowed, scopes: ['read_registry'] }, scopes)
  const writer = await enter(allowed, scopes)
  const remove = (bearer: typeof reader.bearer) =>
    ask('/v2/acme/app/manifests/v1', [bearer], { method: 'DELETE' })
  t.equal((await ask('/v2/acme/app/manifests/v1', [reader.bearer])).status, 200)
  isUnknown(t, await remove(reader.bearer), 'acme/app')
  t.equal((await remove(writer.bearer)).status, 200)
  t.same(
    upstream.requests.map(({ method }) => method),
    ['GET', 'DELETE'],
  )
})

t.test('a registry token for less than its token may is sent back to ask for more', async (t) => {
  const { ask, enter, upstream } = await openScene(t)
  const { bearer } = await enter(allowed, [pull])
  t.equal((await ask('/v2/acme/app/manifests/v1', [bearer])).status, 200)
  const push = await ask('/v2/acme/app/manifests/v1', [bearer], { method: 'PUT', body: '{}' })
  t.equal(push.status, 401)
  t.strictSame(push.header('www-authenticate'), [
    `${realm},scope="repository:acme/app:pull,push",error="insufficient_scope"`,
  ])
  const other = await ask('/v2/acme/b/manifests/v1', [bearer])
  t.equal(other.status, 401)
  t.strictSame(other.header('www-authenticate'), [
    `${realm},scope="repository:acme/b:pull",error="insufficient_scope"`,
  ])
  isUnknown(t, await ask('/v2/other/b/manifests/v1', [bearer]), 'other/b')
  t.equal(upstream.requests.length, 1)
})

t.test('a mount needs pull on its source as well', async (t) => {
  const { ask, enter, upstream } = await openScene(t)
  const scopes = ['repository:acme/app:pull,push', 'repository:acme/base:pull', 'repository:other/base:pull']
  const { bearer } = await enter(allowed, scopes)
  const mount = (query: string) =>
    ask(`/v2/acme/app/blobs/uploads/${query}`, [bearer], { method: 'POST', headers: [bearer] })
  t.equal((await mount(`?mount=${digest}&from=acme/base`)).status, 200)
  t.equal(upstream.requests[0]?.target, `/v2/acme/app/blobs/uploads/?mount=${digest}&from=acme/base`)
  isUnknown(t, await mount(`?mount=${digest}&from=other/base`), 'acme/app')
  t.equal((await mount(`?mount=${digest}&from=acme/third`)).status, 401)
  for (const query of [`?mount=${digest}`, `?mount=${digest}&from=acme/base&from=other/base`]) {
    isUnknown(t, await mount(query))
  }
  isUnknown(t, await mount(`?mount=${digest}&%66rom=other/base`))
  t.equal(upstream.requests.length, 1)
})

t.test('nobody sees the list of all repositories, nor what is no operation of a registry', async (t) => {
  const { ask, enter, upstream } = await openScene(t)
  const { bearer } = await enter({ ...allowed, bindings: { group: ['*'] } }, [pull])
  const cases: [method: string, path: string][] = [
    ['GET', '/v2/_catalog'],
    ['GET', '/v2/_catalog?n=10'],
    ['GET', '/v2/acme/app'],
    ['PATCH', '/v2/acme/app/manifests/v1'],
    ['GET', '/v2/ACME/app/manifests/v1'],
    ['GET', '/v2/acme/app/tags/list/'],
    ['POST', '/v2/acme/app/manifests/v1'],
  ]
  for (const [method, path] of cases) isUnknown(t, await ask(path, [bearer], { method }))
  for (const path of ['/', '/v2', '/v1/', '/metrics', '/debug/health', '/jwt/auth/', '/V2/']) {
    t.equal((await ask(path, [bearer])).status, 404, path)
  }
  t.equal(upstream.requests.length, 0)
})

t.test('kinds that the route does not admit, and other networks, are 404', async (t) => {
  const { ask, enter, gateway } = await openScene(t, {
    route: { authorize: { kinds: ['personal'], networks: ['192.0.2.0/24'] } },
  })
  const { bearer } = await enter(allowed, [pull])
  isUnknown(t, await ask('/v2/acme/app/manifests/v1', [bearer]), 'acme/app')
  const series = 'sallyport_exchanges_total{route="registry",outcome="network_not_allowed"}'
  await until(async () => (await gateway.metric(series)) === 1)
})
