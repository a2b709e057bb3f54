/**
 * The tokens of the gateway and those of Swift are kept apart, whatever is asked: what goes up has the subject's token
 * of Swift and no other credential, and what comes back shows none of it.
 * @module
 */

import t, { type Test } from 'tap'
import type { RawAnswer } from '../support/raw-request.ts'
import type { RecordedRequest } from '../support/recording-upstream.ts'
import type { SwiftUser } from '../support/swift-config.ts'
import { startSwiftGateway } from './gateway.ts'
import { type GeneratedRequest, generatedRequests } from './generated-requests.ts'
import { prepareTwin } from './twins.ts'
import { callerOf, directly, type Headers } from './ways.ts'
import { openWindow } from './window.ts'

const window = await openWindow(t)
const gateway = await startSwiftGateway(t, { swiftUrl: window.url })
const swift = directly()
const issued = new Set<string>()
const way = {
  ...gateway.way,
  async token(user: SwiftUser) {
    const token = await gateway.way.token(user)
    issued.add(token)
    return token
  },
}

t.test('whatever is asked, no token goes where it does not belong', async (t) => {
  const twin = await prepareTwin('twing', way)
  const ids = new Set<unknown>()
  for (const asked of generatedRequests(250, 20_140_119)) {
    const before = window.requests.length
    const answer = await twin.make(asked)
    const went = window.requests.slice(before)
    const user = userOf(asked)
    checkWhatWent(t, went, user === undefined ? undefined : await swift.token(user))
    checkWhatCame(t, answer)
    for (const sent of went) for (const id of sent.header('x-request-id')) ids.add(id)
  }
  const forwarded = gateway.log.filter(({ outcome }) => outcome === 'forwarded')
  t.strictSame(ids, new Set(forwarded.map(({ requestId }) => requestId)), 'what was refused did not go up')
  t.ok(gateway.log.some(({ outcome }) => outcome === 'invalid_token'))
})

t.test('what a client says of itself in headers does not go up', async (t) => {
  const [owner, tokens] = [await callerOf(way, 'test:tester'), await swift.token('admin:admin')]
  for (const headers of [
    { 'X-Forwarded-For': '192.0.2.1' },
    { Forwarded: 'for=192.0.2.1' },
    { 'X-Cluster-Client-Ip': '192.0.2.1' },
    { 'X-Forwarded-Host': 'evil.example', 'X-Forwarded-Proto': 'https' },
    { 'X-Backend-Storage-Policy-Index': '1' },
    { 'X-Account-Sysmeta-Core-Access-Control': '{"admin":["o:ro"]}' },
    { 'X-Container-Sysmeta-Odd': 'x' },
    { 'X-Object-Sysmeta-Odd': 'x' },
    { 'X-Object-Transient-Sysmeta-Odd': 'x' },
    { 'X-Container-Root-Db-State': 'x' },
    { 'X-Delete-At-Host': '192.0.2.1' },
    { 'X-Remote-User': 'admin', 'Remote-User': 'admin' },
  ] as const satisfies readonly Headers[]) {
    const before = window.requests.length
    t.equal((await owner('GET', '/v1/AUTH_test', headers)).status, 204)
    const went = window.requests.slice(before)
    t.equal(went.length, 1)
    checkWhatWent(t, went, await swift.token('test:tester'))
    for (const [name, value] of Object.entries(headers)) {
      t.notOk(went[0]?.header(name).includes(value), `${name} is not the client's`)
    }
  }
  for (const second of [
    { 'X-Auth-Token': tokens },
    { 'X-Storage-Token': tokens },
    { Authorization: `Bearer ${tokens}` },
    { X_Auth_Token: tokens },
    { x_storage_token: tokens },
    { X_Backend_Odd: 'x' },
  ] as const satisfies readonly Headers[]) {
    const before = window.requests.length
    t.equal((await owner('GET', '/v1/AUTH_test', second)).status, 400, JSON.stringify(Object.keys(second)))
    t.equal(window.requests.length, before, 'nothing went up')
  }
})

t.test("Swift's own tokens are nobody's at the gateway", async (t) => {
  const anonymous = await callerOf(way)
  for (const user of ['admin:admin', 'test:tester'] as const) {
    for (const name of ['X-Auth-Token', 'X-Storage-Token', 'Authorization']) {
      const before = window.requests.length
      const token = await swift.token(user)
      const value = name === 'Authorization' ? `Bearer ${token}` : token
      t.equal((await anonymous('GET', '/v1/AUTH_test', { [name]: value })).status, 401)
      t.equal(window.requests.length, before, 'nothing went up')
    }
  }
})

t.test("what Swift's gatekeeper keeps does not reach a client, should Swift say it", async (t) => {
  const owner = await callerOf(way, 'test:tester')
  await owner('GET', '/v1/AUTH_test')
  const secret = [
    ['X-Backend-Odd', 'secret'],
    ['X-Account-Sysmeta-Core-Access-Control', 'secret'],
    ['X-Object-Transient-Sysmeta-Odd', 'secret'],
    ['X-Container-Root-Db-State', 'secret'],
  ] as const
  window.reply(() => ({ status: 200, headers: [...secret, ['X-Object-Meta-Odd', 'shown']], body: 'x' }))
  const answer = await owner('GET', '/v1/AUTH_test/c/o')
  t.equal(answer.status, 200)
  t.strictSame(answer.header('x-object-meta-odd'), ['shown'])
  for (const [name] of secret) t.strictSame(answer.header(name), [], name)
})

/** The gateway's questions, and at most one request that is the client's. */
function checkWhatWent(t: Test, went: readonly RecordedRequest[], own: string | undefined): void {
  t.ok(went.filter((sent) => sent.header('x-request-id').length > 0).length <= 1)
  for (const sent of went) {
    const { headers, target, body } = sent
    const header = (name: string) => sent.header(name)
    t.ok(
      header('x-auth-token').every((token) => token === own),
      `${target} goes up as its subject`,
    )
    t.ok(header('x-auth-token').length <= 1)
    t.strictSame([...header('x-storage-token'), ...header('authorization')], [])
    t.notOk(
      headers.some(([name]) => /_|^x-backend|-sysmeta-/i.test(name)),
      'no names that pass inside Swift alone',
    )
    if (header('x-request-id').length > 0) t.strictSame(header('x-forwarded-for'), ['127.0.0.1'])
    const all = JSON.stringify(headers) + target + body.toString('latin1')
    for (const token of issued) t.notOk(all.includes(token), 'no token of the gateway')
  }
}

function checkWhatCame(t: Test, { headers, body }: RawAnswer): void {
  t.notMatch(JSON.stringify(headers) + body.toString('latin1'), /AUTH_tk/, 'no token of Swift')
}

function userOf({ who }: GeneratedRequest): SwiftUser | undefined {
  if (who === 'anonymous' || who === 'impostor') return undefined
  return who === 'owner' ? 'twing:owner' : who
}
