/**
 * Where a session is good, who can have one, and what a flood of logins costs: nothing to those who have a token.
 * @module
 */

import t, { type Test } from 'tap'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { type RawAnswer, request } from '../support/raw-request.ts'
import { recordingUpstream } from '../support/recording-upstream.ts'
import { type SwiftUser, swiftUsers } from '../support/swift-config.ts'
import { until } from '../support/until.ts'
import { isLogin, type Relay, startRelay } from './relay.ts'
import { callerOf, directly } from './ways.ts'

const user: SwiftUser = 'facing:owner'
const account = '/v1/AUTH_facing'
const connections = 32

interface Scene {
  readonly gateway: TestGateway
  readonly relay: Relay
}

const swiftRoute = (upstream: string, host: string) => ({
  name: upstream,
  match: { path: '/{path*}', hosts: [host] },
  pathMode: 'raw-exact' as const,
  upstream,
  profile: { swift: {} },
  credentials: [{ header: 'X-Auth-Token' }],
  authorize: { kinds: ['session', 'personal'] as ('session' | 'personal')[] },
  identityHeaders: {},
})

/** Two routes to Swift, under two names, and one to any HTTP service. */
async function prepare(t: Test): Promise<Scene> {
  const relay = await startRelay(t)
  const plain = await recordingUpstream(t)
  const gateway = await startTestGateway(t, {
    upstream: plain.url,
    upstreams: {
      legacy: { url: plain.url },
      one: { url: relay.url, connections },
      two: { url: `http://127.0.0.1:${directly().port}` },
    },
    routes: [
      swiftRoute('one', 'one.example'),
      swiftRoute('two', 'two.example'),
      {
        name: 'plain',
        match: { path: '/{path*}', hosts: ['plain.example'] },
        credentials: [{ header: 'X-Auth-Token' }],
        authorize: { kinds: ['session', 'personal'] },
      },
    ],
  })
  return { gateway, relay }
}

function logIn({ gateway }: Scene, host: string, name: string, key: string): Promise<RawAnswer> {
  const headers = [
    ['Host', host],
    ['X-Auth-User', name],
    ['X-Auth-Key', key],
  ] as const
  return request(gateway.port, { path: '/auth/v1.0', headers }, { timeoutMs: 30_000 })
}

async function statusAt({ gateway }: Scene, host: string, token: string): Promise<number> {
  const headers = [
    ['Host', host],
    ['X-Auth-Token', token],
  ] as const
  return (await request(gateway.port, { path: account, headers }, { timeoutMs: 30_000 })).status
}

t.test('a session is good at the Swift that it was made at, and nowhere else', async (t) => {
  const scene = await prepare(t)
  await (await callerOf(directly(), user))('PUT', `${account}/box`)
  const key = swiftUsers[user][0]
  const [one = ''] = (await logIn(scene, 'one.example', user, key)).header('x-auth-token')
  const [two = ''] = (await logIn(scene, 'two.example', user, key)).header('x-auth-token')
  const expected = { one: [200, 403, 403], two: [403, 200, 403] }
  for (const [name, token] of Object.entries({ one, two })) {
    const hosts = ['one.example', 'two.example', 'plain.example']
    const seen = await Promise.all(hosts.map((host) => statusAt(scene, host, token)))
    t.strictSame(seen, expected[name as 'one' | 'two'], `the session of ${name}`)
    const again = await logIn(scene, 'one.example', user, token)
    t.equal(again.status, 401, 'a session is no key')
  }
  const { text } = await scene.gateway.issue({
    subject: user,
    bindings: { account: ['*'], upstream: ['two'] },
  })
  const [derived = ''] = (await logIn(scene, 'one.example', user, text)).header('x-auth-token')
  t.equal(
    await statusAt(scene, 'one.example', derived),
    403,
    'nor does a login at another Swift widen a token',
  )
})

t.test('nobody logs in as the gateway itself', async (t) => {
  const scene = await prepare(t)
  const subject = {
    id: '0198c2f0-5b1e-7cc4-9a51-3f6f8d0f1c99',
    name: user,
    kind: 'system',
    createdAt: 0,
  } as const
  t.ok(await scene.gateway.store.addSubject(subject, { at: 0, by: 'test', origin: 'test', cause: '' }))
  const answer = await logIn(scene, 'one.example', user, swiftUsers[user][0])
  t.equal(answer.status, 401, 'though Swift takes the key')
  t.strictSame(answer.header('x-auth-token'), [])
  t.equal(await scene.gateway.store.logins.read(subject.id, 'one'), undefined, 'and nothing is kept')
})

t.test('a wrong login is answered alike, whoever it is for', async (t) => {
  const scene = await prepare(t)
  const { text } = await scene.gateway.issue({ subject: 's:stranger' })
  const answers = await Promise.all(
    [
      [user, 'wrong'],
      ['facing:nobody', 'wrong'],
      ['nowhere:nobody', 'wrong'],
      ['nobody', 'wrong'],
      [':', 'wrong'],
      [user, ''],
      [user, text],
      ['facing:nobody', text],
      ['s:stranger', text],
    ].map(([name = '', key = '']) => logIn(scene, 'one.example', name, key)),
  )
  const told = answers.map(({ status, headers, body }) => ({
    status,
    headers: headers.filter(([name]) => !/^(date|x-trans-id|x-openstack-request-id)$/i.test(name)),
    body: body.toString(),
  }))
  t.equal(told[0]?.status, 401)
  for (const each of told) t.strictSame(each, told[0])
})

t.test(
  'a flood of wrong logins takes its share of Swift, and leaves the rest to those who have a token',
  async (t) => {
    const scene = await prepare(t)
    const { relay } = scene
    const [token = ''] = (await logIn(scene, 'one.example', user, swiftUsers[user][0])).header('x-auth-token')
    const held = Promise.withResolvers<void>()
    t.teardown(held.resolve)
    let atOnce = 0
    let most = 0
    relay.before(async (asked) => {
      if (!isLogin(asked)) return
      most = Math.max(most, ++atOnce)
      await held.promise
      atOnce--
    })
    const flood = Array.from({ length: 500 }, (_, index) =>
      logIn(scene, 'one.example', `facing:n${index}`, 'wrong'),
    )
    await until(() => atOnce === connections / 4)
    for (let turn = 0; turn < 10; turn++) t.equal(await statusAt(scene, 'one.example', token), 200)
    held.resolve()
    const statuses = (await Promise.all(flood)).map(({ status }) => status)
    t.ok(statuses.every((status) => status === 401 || status === 503))
    t.ok(statuses.includes(503))
    t.ok(most <= connections / 4, `${most} at once`)
    t.equal((await logIn(scene, 'one.example', user, swiftUsers[user][0])).status, 200, 'the next is let in')
  },
)
