/**
 * Questions about a caller's standing that Swift answers without doing anything: a request that asks for
 * something impossible is refused with 400 to those who may, and with 403 to everybody else.
 * @module
 */

import t, { type Test } from 'tap'
import type { SwiftUser } from '../../support/swift-config.ts'
import { callerOf, directly, type Headers } from '../ways.ts'

const way = directly()
const account = '/v1/AUTH_test'
const acl = '{"admin":["a:adm","b:both"],"read-write":["r:rw"],"read-only":["o:ro","b:both"]}'

const owners = ['test:tester', 'test:tester2', 'a:adm', 'b:both', 'admin:admin'] as const
const others = ['test:tester3', 'o:ro', 's:stranger', 'reader:reader', 'test2:tester2'] as const

t.before(async () => {
  const owner = await callerOf(way, 'test:tester')
  await owner('PUT', `${account}/box`, { 'X-Container-Write': 's:stranger' })
  await owner('POST', account, { 'X-Account-Access-Control': acl, 'X-Account-Meta-Kept': 'yes' })
})

t.test(
  'who owns the account may not give metadata a name of 129 characters; nobody else may ask',
  async (t) => {
    const impossible = tooLong('Account')
    const before = await stateOf(account)
    for (const user of owners) await answers(t, user, 'POST', account, impossible, 400)
    for (const user of ['r:rw', ...others] as const) await answers(t, user, 'POST', account, impossible, 403)
    await answers(t, undefined, 'POST', account, impossible, 401)
    t.strictSame(await stateOf(account), before, 'nothing has changed')
  },
)

t.test('128 characters are allowed, and an empty name is as impossible as a long one', async (t) => {
  const name = `Account-Meta-${'n'.repeat(128)}`
  await answers(t, 'test:tester', 'POST', account, { [`X-${name}`]: 'v' }, 204)
  await answers(t, 'test:tester', 'POST', account, { [`X-Remove-${name}`]: 'v' }, 204)
  await answers(t, 'test:tester', 'POST', account, { 'X-Account-Meta-': 'v' }, 400)
})

t.test('an impossible request changes no ACL that it carries', async (t) => {
  const headers = { ...tooLong('Account'), 'X-Account-Access-Control': '{}' }
  const before = await stateOf(account)
  await answers(t, 'test:tester', 'POST', account, headers, 400)
  t.strictSame(await stateOf(account), before)
})

t.test('asking about an account that does not exist does not make it', async (t) => {
  await answers(t, 'admin:admin', 'POST', '/v1/AUTH_absent', tooLong('Account'), 400)
  await answers(t, 's:stranger', 'POST', '/v1/AUTH_absent', tooLong('Account'), 403)
  await answers(t, 'admin:admin', 'PUT', '/v1/AUTH_absent/box', tooLong('Container'), 400)
  // Swift pretends that an account is there until it has one: then, HEAD is 204.
  await answers(t, 'admin:admin', 'HEAD', '/v1/AUTH_absent', {}, 200)
})

t.test('who may write containers may not give them such metadata; no container is made', async (t) => {
  const impossible = tooLong('Container')
  const before = await stateOf(account)
  for (const target of [`${account}/box`, `${account}/absent`]) {
    for (const user of [...owners, 'r:rw'] as const) await answers(t, user, 'PUT', target, impossible, 400)
    for (const user of others) await answers(t, user, 'PUT', target, impossible, 403)
    await answers(t, undefined, 'PUT', target, impossible, 401)
  }
  t.strictSame(await stateOf(account), before, 'nothing has changed')
})

t.test('who may write objects of a container is told by 400, the container ACL included', async (t) => {
  const impossible = tooLong('Object')
  for (const user of [...owners, 'r:rw', 's:stranger'] as const) {
    await answers(t, user, 'PUT', `${account}/box/thing`, impossible, 400)
  }
  await answers(t, 'o:ro', 'PUT', `${account}/box/thing`, impossible, 403)
  await answers(t, undefined, 'PUT', `${account}/box/thing`, impossible, 401)
  // Without a container, only those who may are told that it is missing.
  await answers(t, 'r:rw', 'PUT', `${account}/absent/thing`, impossible, 404)
  await answers(t, 's:stranger', 'PUT', `${account}/absent/thing`, impossible, 403)
})

t.test('callers without any token are in every list that names the empty string', async (t) => {
  const owner = await callerOf(way, 'test2:tester2')
  const other = '/v1/AUTH_test2'
  await answers(t, undefined, 'HEAD', other, {}, 401)
  for (const [level, put, post] of [
    ['read-only', 401, 401],
    ['read-write', 201, 401],
    ['admin', 202, 204],
  ] as const) {
    await owner('POST', other, { 'X-Account-Access-Control': JSON.stringify({ [level]: [''] }) })
    await answers(t, undefined, 'HEAD', other, {}, 204)
    await answers(t, undefined, 'PUT', `${other}/everybodys`, {}, put)
    await answers(t, undefined, 'POST', other, {}, post)
    await answers(t, 's:stranger', 'HEAD', other, {}, 403)
    t.equal((await presenting('AUTH_tkbogus')('HEAD', other)).status, 401, 'a false token is in no list')
    t.equal(
      (await presenting('other')('HEAD', other)).status,
      204,
      'what is no token of TempAuth counts as none',
    )
  }
  await owner('POST', other, { 'X-Account-Access-Control': '{}' })
})

async function answers(
  t: Test,
  user: SwiftUser | undefined,
  method: string,
  target: string,
  headers: Headers,
  status: number,
): Promise<void> {
  const call = await callerOf(way, user)
  t.equal((await call(method, target, headers)).status, status, `${method} ${target} by ${user ?? 'nobody'}`)
}

/** All that an owner can see of the account. */
async function stateOf(target: string): Promise<unknown> {
  const owner = await callerOf(way, 'test:tester')
  const { headers, body } = await owner('GET', `${target}?format=json`)
  const lasting = headers.filter(([name]) => !/^(x-trans-id|x-openstack-request-id|date)$/i.test(name))
  return [lasting, body.toString()]
}

function tooLong(kind: 'Account' | 'Container' | 'Object'): Headers {
  return { [`X-${kind}-Meta-${'n'.repeat(129)}`]: 'v' }
}

function presenting(token: string) {
  return async (method: string, target: string) =>
    (await callerOf(way))(method, target, { 'X-Auth-Token': token })
}
