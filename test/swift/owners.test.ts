/**
 * The headers of owners are for those whom Swift takes for owners, which it is asked once and again when the account
 * has changed; where it cannot tell, nothing goes up. And the empty name in an account ACL lets nobody in.
 * @module
 */

import t, { type Test } from 'tap'
import { type SwiftGateway, startSwiftGateway } from './gateway.ts'
import { planted } from './narrow-place.ts'
import { asksWhoOwns, type Relay, startRelay } from './relay.ts'
import { type Caller, callerOf, directly, type Headers } from './ways.ts'

const account = '/v1/AUTH_facing'
const box = `${account}/box`
const acl = '{"admin":["a:adm"],"read-write":["r:rw"]}'

const accountHeaders = {
  'X-Account-Access-Control': acl,
  'X-Account-Meta-Temp-Url-Key': 'one',
  'X-Account-Meta-Temp-Url-Key-2': 'two',
}
const containerHeaders = {
  'X-Container-Read': 'r:rw',
  'X-Container-Write': 'r:rw',
  'X-Container-Sync-To': 'http://127.0.0.1/v1/AUTH_x/c',
  'X-Container-Sync-Key': 'three',
  'X-Container-Meta-Temp-Url-Key': 'four',
  'X-Container-Meta-Temp-Url-Key-2': 'five',
}

interface Scene {
  readonly gateway: SwiftGateway
  readonly relay: Relay
  /** Straight at Swift. */
  readonly owner: Caller
  /** How often Swift was asked who owns an account. */
  questions(): number
}

async function prepare(t: Test, askTimeoutMs?: number): Promise<Scene> {
  const owner = await callerOf(directly(), 'facing:owner')
  await owner('PUT', box, containerHeaders)
  await owner('PUT', `${box}/thing`, {}, `${planted}-content`)
  await owner('POST', account, accountHeaders)
  const relay = await startRelay(t)
  const gateway = await startSwiftGateway(t, {
    swiftUrl: relay.url,
    adjust: (settings) => {
      const [route] = settings.routes
      if (route?.profile.swift === undefined) throw new Error('the example has another route')
      const swift = { ...route.profile.swift, askTimeout: askTimeoutMs ?? route.profile.swift.askTimeout }
      return { ...settings, routes: [{ ...route, profile: { swift } }] }
    },
  })
  return { gateway, relay, owner, questions: () => relay.requests.filter(asksWhoOwns).length }
}

const shown = async (call: Caller, target: string, names: Headers) => {
  const { headers } = await call('HEAD', target)
  const given = new Set(headers.map(([name]) => name.toLowerCase()))
  return Object.keys(names).filter((name) => given.has(name.toLowerCase()))
}

t.test(
  'an owner and an ACL admin set and see all nine headers; whoever may write sees and clears none',
  async (t) => {
    const { gateway, owner } = await prepare(t)
    const { text } = await gateway.issue({
      subject: 'facing:owner',
      bindings: { account: ['AUTH_facing'] },
      access: 'owner',
    })
    await gateway.way.token('facing:owner')
    const withToken = await callerOf({ ...gateway.way, token: async () => text }, 'facing:owner')
    for (const [who, call] of [
      ['the owner', await callerOf(gateway.way, 'facing:owner')],
      ['an ACL admin', await callerOf(gateway.way, 'a:adm')],
      ['an owner token of the owner', withToken],
    ] as const) {
      await owner('POST', account, { 'X-Account-Meta-Temp-Url-Key-2': '' })
      await owner('POST', box, { 'X-Remove-Container-Read': 'x', 'X-Remove-Container-Sync-Key': 'x' })
      t.equal((await call('POST', account, accountHeaders)).status, 204, `${who} sets those of the account`)
      t.equal((await call('POST', box, containerHeaders)).status, 204, `${who} sets those of a container`)
      t.strictSame(
        await shown(call, account, accountHeaders),
        Object.keys(accountHeaders),
        `${who} sees them`,
      )
      t.strictSame(
        await shown(call, box, containerHeaders),
        Object.keys(containerHeaders),
        `${who} sees these`,
      )
      t.strictSame(await shown(owner, box, containerHeaders), Object.keys(containerHeaders), 'so does Swift')
    }

    const writer = await callerOf(gateway.way, 'r:rw')
    for (const name of Object.keys(containerHeaders)) {
      const removal = name.replace(/^X-/, 'X-Remove-')
      for (const headers of [
        { [name]: 'r:rw,s:stranger' },
        { [removal]: 'x' },
        { [removal.toUpperCase()]: ['', 'x'] },
      ]) {
        t.ok((await writer('POST', box, headers)).status < 300, `${JSON.stringify(headers)} is dropped`)
      }
    }
    const { headers } = await owner('HEAD', box)
    const values = Object.keys(containerHeaders).map((name) => [
      name,
      headers.find(([given]) => given.toLowerCase() === name.toLowerCase())?.[1],
    ])
    t.strictSame(Object.fromEntries(values), containerHeaders, 'nothing has changed')
    t.strictSame(await shown(writer, box, containerHeaders), [], 'a writer sees none')
  },
)

t.test(
  'Swift is asked who owns an account once, by many at a time too, and again after a change',
  async (t) => {
    const { gateway, questions } = await prepare(t)
    const call = await callerOf(gateway.way, 'facing:owner')
    const set = () => call('POST', box, { 'X-Container-Meta-Temp-Url-Key': 'four' })
    const together = await Promise.all(Array.from({ length: 20 }, set))
    t.ok(together.every(({ status }) => status === 204))
    await set()
    t.equal(questions(), 1)
    t.equal((await call('GET', box)).status, 200)
    t.equal((await call('POST', `${box}/thing`, { 'X-Object-Meta-Colour': 'red' })).status, 202)
    await set()
    t.equal(questions(), 1, 'what is no change of the account changes nothing')
    t.equal((await call('POST', account, { 'X-Account-Meta-Colour': 'red' })).status, 204)
    await set()
    t.equal(questions(), 2)
  },
)

t.test('an ACL admin who takes the ACL away is none from the next request on', async (t) => {
  const { gateway } = await prepare(t)
  const call = await callerOf(gateway.way, 'a:adm')
  t.equal((await call('POST', box, { 'X-Container-Sync-Key': 'x' })).status, 204)
  t.equal((await call('POST', account, { 'X-Account-Access-Control': '{}' })).status, 204)
  for (const headers of [{ 'X-Account-Access-Control': acl }, { 'X-Account-Meta-Temp-Url-Key': 'mine' }]) {
    t.equal((await call('POST', account, headers)).status, 403)
  }
  t.equal((await call('GET', account)).status, 403)
})

t.test('where Swift is slow or broken when it is asked, the answer is 503 and nothing goes up', async (t) => {
  const { gateway, relay, owner } = await prepare(t, 300)
  const call = await callerOf(gateway.way, 'facing:owner')
  const held = Promise.withResolvers<void>()
  t.teardown(held.resolve)
  for (const [how, before] of [
    ['slow', () => held.promise],
    ['broken', () => Promise.reject(new Error('broken off'))],
  ] as const) {
    relay.before((request) => (asksWhoOwns(request) ? before() : undefined))
    const seen = relay.requests.length
    const answer = await call('POST', box, { 'X-Remove-Container-Read': 'x' })
    t.equal(answer.status, 503, how)
    t.ok(answer.header('retry-after').length > 0)
    t.ok(relay.requests.slice(seen).every(asksWhoOwns), 'Swift got nothing but the question')
  }
  t.ok((await shown(owner, box, containerHeaders)).includes('X-Container-Read'))
  relay.before(() => undefined)
  t.equal(
    (await call('POST', box, { 'X-Container-Sync-Key': 'x' })).status,
    204,
    'a failure is not remembered',
  )
})

t.test('public containers need no token', async (t) => {
  const { gateway, owner } = await prepare(t)
  const anonymous = await callerOf(gateway.way)
  await owner('PUT', `${account}/open`, { 'X-Container-Read': '.r:*,.rlistings' })
  await owner('PUT', `${account}/open/thing`)
  await owner('PUT', `${account}/friends`, { 'X-Container-Read': '.r:.friend.example' })
  await owner('PUT', `${account}/friends/thing`)
  const friend = { Referer: 'http://a.friend.example/page' }
  for (const [status, target, headers] of [
    [200, 'open'],
    [200, 'open/thing'],
    [401, 'friends/thing'],
    [200, 'friends/thing', friend],
    [401, 'friends', friend],
    [401, 'box/thing'],
    [401, 'box'],
  ] as const) {
    const answer = await anonymous('GET', `${account}/${target}`.replace('open/thing', 'open/thing'), headers)
    t.ok(
      answer.status === status || (status === 200 && answer.status === 204),
      `${target} is ${answer.status}`,
    )
  }
  t.equal((await anonymous('PUT', `${account}/open/planted`)).status, 401)
})

const form = { 'Content-Type': 'multipart/form-data' }
const list = { 'Content-Type': 'text/plain' }

/** What a Swift with the empty name among the grantees does for anybody. */
const asNobody: readonly (readonly [string, string, Headers?, string?])[] = [
  ['HEAD', account],
  ['GET', account],
  ['GET', box],
  ['GET', `${box}/thing`],
  ['GET', `/v1.0/AUTH_facing/box/thing`],
  ['GET', `/v1%2FAUTH_facing/box/thing`],
  ['GET', `${box}/thing`, { 'X-Auth-Token': '' }],
  ['GET', `${box}/thing`, { 'X-Auth-Token': 'hello' }],
  ['GET', `${box}/thing`, { 'X-Storage-Token': 'hello' }],
  ['GET', `${box}/thing`, { 'X-Service-Token': 'hello' }],
  ['GET', `${box}/thing?x;temp_url_sig=1`],
  ['GET', `${box}/thing?Temp_Url_Sig=1`],
  ['GET', `${box}/thing`, { 'X-Container-Sync-Auth': '' }],
  ['HEAD', account, { 'X-Container-Sync-Auth': 'a b c' }],
  ['PUT', `${box}/planted`],
  ['PUT', `${account}/planted`],
  ['DELETE', `${box}/thing`],
  ['COPY', `${box}/thing`, { Destination: 'box/planted' }],
  ['POST', account, { 'X-Account-Access-Control': '{"admin":["s:stranger"]}' }],
  ['POST', account, { ...form, 'X-Account-Meta-Colour': 'red' }],
  ['POST', box, { 'Content-Type': 'multipart/form-data; x=y', 'X-Container-Read': '.r:*' }],
  ['POST', box, { 'Content-Type': 'multipart/form-datax; boundary=b', 'X-Container-Read': '.r:*' }],
  ['POST', `${account}?bulk-delete`, list, 'box/thing\n'],
  ['POST', `${account}?bulk-delete&temp_url_sig=x&temp_url_expires=9`, list, 'box/thing\n'],
  ['DELETE', `${account}?bulk-delete&temp_url_sig=x`, list, 'box/thing\n'],
  [
    'POST',
    `${account}?bulk-delete`,
    { ...form, 'Content-Type': 'multipart/form-data; boundary=b' },
    'box/thing\n',
  ],
  ['POST', `${account}/%ff?bulk-delete`, list, 'box/thing\n'],
  ['POST', `${account}//x?bulk-delete`, list, 'box/thing\n'],
  ['POST', `${account}///?bulk%2ddelete=1`, list, 'box/thing\n'],
]

t.test('the empty name among the grantees of an account lets nobody in', async (t) => {
  const { gateway, owner } = await prepare(t)
  const anonymous = await callerOf(gateway.way)
  const straight = await callerOf(directly())
  const caller = await callerOf(gateway.way, 'facing:owner')
  for (const level of ['read-only', 'read-write', 'admin']) {
    const open = { 'X-Account-Access-Control': JSON.stringify({ [level]: [''] }) }
    t.equal((await caller('POST', account, open)).status, 204)
    t.equal((await straight('GET', `${box}/thing`)).status, 200, `${level}: Swift itself lets anybody in`)
    const before = (await owner('HEAD', box)).headers.filter(([name]) => /container-read|count/i.test(name))
    for (const [method, target, headers = {}, body] of asNobody) {
      const answer = await anonymous(method, target, headers, body)
      const name = `${level}: ${method} ${target} ${JSON.stringify(headers)}`
      t.ok([400, 401].includes(answer.status), `${name} is refused (${answer.status})`)
      t.notOk(answer.body.includes(planted), `${name} tells nothing`)
    }
    t.equal((await owner('GET', `${box}/thing`)).status, 200, `${level}: what is there stays`)
    t.equal(
      (await owner('HEAD', account)).header('x-account-access-control')[0],
      open['X-Account-Access-Control'],
    )
    const after = (await owner('HEAD', box)).headers.filter(([name]) => /container-read|count/i.test(name))
    t.strictSame(after, before)
  }
})

t.test(
  'an account that is closed through the gateway is closed at once, and so is one that is opened',
  async (t) => {
    const { gateway, owner } = await prepare(t)
    const [caller, anonymous] = [await callerOf(gateway.way, 'facing:owner'), await callerOf(gateway.way)]
    await owner('PUT', `${account}/open`, { 'X-Container-Read': '.r:*' })
    await owner('PUT', `${account}/open/thing`)
    const look = async () => (await anonymous('GET', `${account}/open/thing`)).status
    t.equal(await look(), 200)
    await caller('POST', account, { 'X-Account-Access-Control': '{"read-only":[""]}' })
    t.equal((await anonymous('GET', `${box}/thing`)).status, 401)
    t.equal(await look(), 401, 'what is public there cannot be told apart')
    await caller('POST', account, { 'X-Account-Access-Control': '{}' })
    t.equal(await look(), 200)
  },
)
