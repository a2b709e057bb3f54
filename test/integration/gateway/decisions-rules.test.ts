/**
 * The rules of a route on real requests: what they let through reaches the upstream, and nothing else does.
 * @module
 */

import { METHODS } from 'node:http'
import t from 'tap'
import type { IssueRequest } from '../../../src/tokens/life/issue-token.ts'
import { tokenKinds } from '../../../src/tokens/token.ts'
import { type GatewayInput, startTestGateway } from '../../support/gateway.ts'
import { type HeaderLine, recordingUpstream } from '../../support/recording-upstream.ts'

type Routes = GatewayInput['routes']

/** Everything that a token is asked for with is admitted, except what a test changes. */
async function start(t: Parameters<typeof startTestGateway>[0], routes: Routes, clock?: { now(): number }) {
  const upstream = await recordingUpstream(t)
  const gateway = await startTestGateway(
    t,
    { upstream: upstream.url, clientAddress: { trustedProxies: ['127.0.0.1'] }, routes },
    clock,
  )
  /** The status, checked against what the upstream received. */
  const send = async (text: string, path: string, method = 'GET', headers: readonly HeaderLine[] = []) => {
    const before = upstream.requests.length
    const authorization = ['Authorization', `Bearer ${text}`] as const
    const { status, body } = await gateway.request({ method, path, headers: [authorization, ...headers] })
    const received = upstream.requests.length - before
    if (received !== Number(status === 200))
      throw new Error(`${method} ${path}: ${status}, yet ${received} sent`)
    return status === 200 ? 'passes' : String(method === 'HEAD' ? status : JSON.parse(body.toString()).code)
  }
  const issue = async (asked: Partial<IssueRequest> = {}) => (await gateway.issue(asked)).text
  return { gateway, upstream, send, issue }
}

t.test('methods that are not known to read need read-write, whichever they are', async (t) => {
  const { gateway, send, issue } = await start(t, [{ match: { path: '/{rest*}' } }])
  const tokens = {
    none: await issue({ access: 'none' }),
    'read-only': await issue({ access: 'read-only' }),
    'read-write': await issue({ access: 'read-write' }),
    owner: await issue({ access: 'owner' }),
  }
  for (const method of METHODS.filter((name) => name !== 'CONNECT' && name !== 'TRACE')) {
    const refused = method === 'HEAD' ? '403' : 'insufficient_access'
    const isSafe = ['GET', 'HEAD', 'OPTIONS'].includes(method)
    t.equal(await send(tokens.none, '/x', method), refused, `none ${method}`)
    t.equal(await send(tokens['read-only'], '/x', method), isSafe ? 'passes' : refused, `read-only ${method}`)
    t.equal(await send(tokens['read-write'], '/x', method), 'passes', `read-write ${method}`)
    t.equal(await send(tokens.owner, '/x', method), 'passes', `owner ${method}`)
  }
  for (const method of ['FOO', 'get', 'GETS', 'G\u00cbT']) {
    const answer = await gateway.raw(
      `${method} /x HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${tokens.owner}\r\n\r\n`,
    )
    t.equal(answer.status, 400, `${method} is no method at all`)
  }
  t.equal(await send(tokens['read-only'], '/x', 'GET', [['X-HTTP-Method-Override', 'DELETE']]), 'passes')
})

t.test('an owner route takes owners alone', async (t) => {
  const { send, issue } = await start(t, [{ match: { path: '/{rest*}' }, authorize: { access: 'owner' } }])
  t.equal(await send(await issue({ access: 'read-write' }), '/x'), 'insufficient_access')
  t.equal(await send(await issue({ access: 'owner' }), '/x'), 'passes')
})

t.test(
  'without a list of kinds, tokens made for special doors are refused; an empty list refuses all',
  async (t) => {
    const { send, issue } = await start(t, [
      { match: { path: '/usual' } },
      { match: { path: '/nobody' }, authorize: { kinds: [] } },
      { match: { path: '/admins' }, authorize: { kinds: ['admin'] } },
    ])
    for (const kind of tokenKinds.filter((name) => name !== 'system' && name !== 'dsn')) {
      const text = await issue({ kind })
      const isUsual = kind !== 'session' && kind !== 'admin'
      t.equal(await send(text, '/usual'), isUsual ? 'passes' : 'kind_not_allowed', `${kind} /usual`)
      t.equal(await send(text, '/nobody'), 'kind_not_allowed', `${kind} /nobody`)
      t.equal(
        await send(text, '/admins'),
        kind === 'admin' ? 'passes' : 'kind_not_allowed',
        `${kind} /admins`,
      )
    }
  },
)

t.test('scopes: all of one list, any of the other, nobody for an empty one', async (t) => {
  const { send, issue } = await start(t, [
    { match: { path: '/both' }, authorize: { scopes: { allOf: ['a', 'b'], anyOf: ['c', 'd'] } } },
    { match: { path: '/empty' }, authorize: { scopes: { anyOf: [] } } },
  ])
  const cases: readonly (readonly [scopes: readonly string[], verdict: string])[] = [
    [['a', 'b', 'c'], 'passes'],
    [['d', 'b', 'a', 'x'], 'passes'],
    [['a', 'b'], 'insufficient_scope'],
    [['a', 'c'], 'insufficient_scope'],
    [[], 'insufficient_scope'],
    [['a,b,c'], 'insufficient_scope'],
  ]
  for (const [scopes, verdict] of cases) {
    const text = await issue({ scopes })
    t.equal(await send(text, '/both'), verdict, scopes.join(' '))
    t.equal(await send(text, '/empty'), 'insufficient_scope')
  }
})

t.test('a binding is compared with what the path decodes to, whatever its spelling', async (t) => {
  const { send, issue } = await start(t, [
    { match: { path: '/v1/{account}/{rest*}' }, authorize: { bindings: { account: 'AUTH_{account}' } } },
    { match: { path: '/free/{rest*}' }, authorize: { ignoreBindings: ['container'] } },
  ])
  const bound = await issue({ bindings: { account: ['AUTH_test', 'AUTH_a b'] } })
  t.equal(await send(bound, '/v1/test/c'), 'passes')
  t.equal(await send(bound, '/v1/%74est/c'), 'passes')
  t.equal(await send(bound, '/v1/a%20b/c'), 'passes')
  for (const path of ['/v1/TEST/c', '/v1/other/c', '/v1/test%20/c', '/v1/*/c', '/v1/a+b/c']) {
    t.equal(await send(bound, path), 'binding_mismatch', path)
  }
  for (const path of [
    '/v1/other/../test/c',
    '/v1/test/../other/c',
    '/v1/test%2f..%2fother/c',
    '/v1//test/c',
  ]) {
    t.equal(await send(bound, path), 'malformed_target', path)
  }
  t.equal(await send(await issue({ bindings: { account: ['*'] } }), '/v1/any/c'), 'passes')
  t.equal(await send(await issue(), '/v1/test/c'), 'binding_mismatch', 'a token without bindings')
  const narrow = await issue({ bindings: { account: ['AUTH_test'], container: ['logs'] } })
  t.equal(await send(narrow, '/v1/test/c'), 'binding_mismatch', 'a narrower token')
  t.equal(await send(narrow, '/free/c'), 'binding_mismatch', 'account is looked at by nobody there')
  t.equal(await send(await issue({ bindings: { container: ['logs'] } }), '/free/c'), 'passes')
})

t.test('networks of route and token both count, for the client that the trusted proxy names', async (t) => {
  const networks = ['192.0.2.0/24', '2001:db8::/32']
  const { send, issue } = await start(t, [
    { match: { path: '/some' }, authorize: { networks } },
    { match: { path: '/any' } },
    { match: { path: '/none' }, authorize: { networks: [] } },
  ])
  const anywhere = await issue()
  const narrow = await issue({ networks: ['192.0.2.128/25', '2001:db8:1::/48'] })
  const nowhere = await issue({ networks: [] })
  const cases: readonly (readonly [client: string, anywhere: boolean, narrow: boolean])[] = [
    ['192.0.2.1', true, false],
    ['192.0.2.200', true, true],
    ['::ffff:192.0.2.200', true, true],
    ['198.51.100.1, 192.0.2.200', true, true],
    ['192.0.2.200, 198.51.100.1', false, false],
    ['2001:db8:1::9', true, true],
    ['2001:DB8:2:0::9', true, false],
    ['2001:db9::1', false, false],
    ['127.0.0.1', false, false],
  ]
  for (const [client, some, narrower] of cases) {
    const from = [['X-Forwarded-For', client]] as const
    const verdict = (passes: boolean) => (passes ? 'passes' : 'network_not_allowed')
    t.equal(await send(anywhere, '/some', 'GET', from), verdict(some), client)
    t.equal(await send(narrow, '/some', 'GET', from), verdict(narrower), client)
    t.equal(await send(narrow, '/any', 'GET', from), verdict(narrower), client)
    t.equal(await send(anywhere, '/none', 'GET', from), 'network_not_allowed', client)
    t.equal(await send(nowhere, '/any', 'GET', from), 'network_not_allowed', client)
  }
})

t.test('a token for some paths passes on these, in no spelling of others', async (t) => {
  const { send, issue } = await start(t, [
    { match: { path: '/v1/{rest*}' } },
    { match: { path: '/raw/{rest*}' }, pathMode: 'raw-exact' },
  ])
  const text = await issue({ paths: ['/v1/a', '/raw/a'] })
  for (const path of ['/v1/a', '/v1/a/', '/v1/a/b?x=/v1/b', '/v1/%61/b', '/raw/a/b']) {
    t.equal(await send(text, path), 'passes', path)
  }
  for (const path of ['/v1/ab', '/v1/', '/v1/A/b', '/v1/b/a', '/raw/b']) {
    t.equal(await send(text, path), 'path_not_allowed', path)
  }
  for (const path of ['/v1/a/../b', '/v1/a/%2e%2E/b', '/v1/a%2Fb', '/v1/a//b', '/v1/a;/b', '/v1/a\\b']) {
    t.equal(await send(text, path), 'malformed_target', path)
  }
  for (const path of [
    '/raw/a/../b',
    '/raw/a/%2e%2e/b',
    '/raw/a/..%2fb',
    '/raw/a/..;/b',
    '/raw/a/%252e%252e/b',
  ]) {
    t.equal(await send(text, path), 'path_not_allowed', path)
  }
  t.equal(await send(await issue({ paths: [] }), '/v1/a'), 'path_not_allowed', 'no paths')
})

t.test('a condition decides over token, subject, path, address and hour', async (t) => {
  const clock = { at: Date.UTC(2026, 0, 1), now: () => clock.at }
  const conditions = {
    fresh: 'request.time - token.createdAt < duration("12h")',
    own: 'subject.name == resource.rest',
    office: 'request.address.startsWith("192.0.2.") && request.method == "GET"',
    expiring: 'token.expiresAt - request.time < duration("1h")',
    broken: 'token.bindings["none"].size() == 0',
  }
  const { send, issue } = await start(
    t,
    Object.entries(conditions).map(([name, condition]) => ({
      match: { path: `/${name}/{rest+}` },
      authorize: { condition },
    })),
    clock,
  )
  const text = await issue()
  t.equal(await send(text, '/fresh/x'), 'passes')
  clock.at += 12 * 3_600_000
  t.equal(await send(text, '/fresh/x'), 'condition_not_met')
  t.equal(await send(text, '/own/alice'), 'passes')
  t.equal(await send(text, '/own/%61lice'), 'passes')
  t.equal(await send(text, '/own/bob'), 'condition_not_met')
  t.equal(await send(text, '/office/x', 'GET', [['X-Forwarded-For', '192.0.2.1']]), 'passes')
  t.equal(await send(text, '/office/x', 'PUT', [['X-Forwarded-For', '192.0.2.1']]), 'condition_not_met')
  t.equal(await send(text, '/office/x', 'GET', [['X-Forwarded-For', '192.0.20.1']]), 'condition_not_met')
  t.equal(await send(text, '/expiring/x'), 'condition_not_met', 'a token that never expires has no such hour')
  t.equal(await send(await issue({ lifetimeMs: 60_000 }), '/expiring/x'), 'passes')
  t.equal(await send(text, '/broken/x'), 'condition_not_met', 'what cannot be answered refuses')
})
