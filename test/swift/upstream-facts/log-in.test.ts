/**
 * How TempAuth hands out tokens: which requests it takes for a login, where it looks for user and key, and what
 * it says to each failure.
 * @module
 */

import t from 'tap'
import { callerOf, directly, type Headers } from '../ways.ts'

const call = await callerOf(directly())
const user = { 'X-Auth-User': 'test:tester', 'X-Auth-Key': 'testing' }

t.test('a login yields a token twice, its life in seconds and the address of the account', async (t) => {
  const answer = await call('GET', '/auth/v1.0', { ...user, Host: 'storage.example:99' })
  t.equal(answer.status, 200)
  t.equal(answer.body.length, 0)
  const [token = ''] = answer.header('x-auth-token')
  t.match(token, /^AUTH_tk[0-9a-f]{32}$/)
  t.strictSame(answer.header('x-storage-token'), [token])
  const [life] = answer.header('x-auth-token-expires')
  t.ok(Number(life) > 0 && Number(life) <= 86_400, `${life} s`)
  t.strictSame(
    answer.header('x-storage-url'),
    ['http://storage.example:99/v1/AUTH_test'],
    'the host is the given one',
  )
  t.strictSame(answer.header('content-type'), ['text/html; charset=UTF-8'])
  const again = await call('GET', '/auth/v1.0', user)
  t.strictSame(again.header('x-auth-token'), [token], 'the same user gets the same token')
})

t.test('what is a login: the path once decoded, whatever follows behind v1.0', async (t) => {
  for (const target of [
    '/auth/v1.0',
    '/auth/v1.0/',
    '/auth/v1.0/x/y/z',
    '/auth/v1.0?x=y',
    '/auth/auth',
    '/auth/v1/test/auth',
    '/%61uth/v1%2e0',
    '/auth%2Fv1.0',
  ]) {
    t.equal((await call('GET', target, user)).status, 200, target)
  }
})

t.test('what is none is refused by its form', async (t) => {
  for (const [target, status] of [
    ['/auth/v1', 400],
    ['/auth/v1/test/auth/', 400],
    ['/auth/v1/test/auth/x', 400],
    ['/auth/v1/test/nope', 400],
    ['/auth/v2.0', 400],
    ['/AUTH/v1.0', 400],
    ['/auth/', 404],
    ['/auth//v1.0', 404],
    ['//auth/v1.0', 404],
    ['http://storage.example/auth/v1.0', 404],
    ['/auth', 412],
  ] as const) {
    t.equal((await call('GET', target, user)).status, status, target)
  }
  for (const method of ['HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS']) {
    const answer = await call(method, '/auth/v1.0', user)
    t.equal(answer.status, 405, method)
    t.strictSame(answer.header('allow'), [])
  }
})

t.test('behind /auth/v1.0 the headers of X-Auth come first, and an empty one counts as none', async (t) => {
  const storage = { 'X-Storage-User': 'test:tester', 'X-Storage-Pass': 'testing' }
  const wrong = { 'X-Storage-User': 'no:body', 'X-Storage-Pass': 'wrong' }
  for (const headers of [
    user,
    storage,
    { ...user, ...wrong },
    { ...storage, 'X-Auth-User': '', 'X-Auth-Key': '' },
    { 'X-Auth-User': 'test:tester', 'X-Storage-Pass': 'testing' },
    { X_Auth_User: 'test:tester', X_Auth_Key: 'testing' },
    { ...user, 'X-Auth-Token': 'AUTH_tkbogus' },
  ]) {
    t.equal((await call('GET', '/auth/v1.0', headers)).status, 200, JSON.stringify(headers))
  }
})

t.test(
  'behind /auth/v1/ACCOUNT/auth those of X-Storage come first, with the bare name of the user',
  async (t) => {
    const wrong = { 'X-Auth-User': 'no:body', 'X-Auth-Key': 'wrong' }
    for (const [headers, status] of [
      [{ 'X-Storage-User': 'tester', 'X-Storage-Pass': 'testing' }, 200],
      [{ 'X-Storage-User': 'tester', 'X-Storage-Pass': 'testing', ...wrong }, 200],
      [{ 'X-Storage-User': 'tester', 'X-Auth-Key': 'testing' }, 200],
      [{ 'X-Storage-User': 'test:tester', 'X-Storage-Pass': 'testing' }, 401],
      [user, 200],
      [{ ...user, 'X-Auth-User': 'tester' }, 401],
      [{ ...user, 'X-Auth-User': 'other:tester' }, 401],
      [{ ...user, 'X-Storage-Pass': 'wrong' }, 401],
    ] as const satisfies readonly (readonly [Headers, number])[]) {
      t.equal((await call('GET', '/auth/v1/test/auth', headers)).status, status, JSON.stringify(headers))
    }
  },
)

t.test('every failure is the same 401 but for the realm, which tells users that exist', async (t) => {
  for (const [headers, realm] of [
    [{}, 'unknown'],
    [{ ...user, 'X-Auth-User': 'tester' }, 'unknown'],
    [{ ...user, 'X-Auth-User': ':tester' }, 'unknown'],
    [{ ...user, 'X-Auth-User': 'test:' }, 'test'],
    [{ 'X-Auth-User': 'test:tester' }, 'test'],
    [{ ...user, 'X-Auth-User': 'no:body' }, 'no'],
    [{ ...user, 'X-Auth-Key': 'wrong' }, 'unknown'],
    [{ ...user, 'X-Auth-User': ['test:tester', 'test:tester'] }, 'test'],
    [{ Authorization: 'Basic dGVzdDp0ZXN0ZXI6dGVzdGluZw==' }, 'unknown'],
  ] as const satisfies readonly (readonly [Headers, string])[]) {
    const answer = await call('GET', '/auth/v1.0', headers)
    t.equal(answer.status, 401, JSON.stringify(headers))
    t.strictSame(answer.header('www-authenticate'), [`Swift realm="${realm}"`])
    t.equal(
      answer.body.toString(),
      '<html><h1>Unauthorized</h1><p>This server could not verify that you are authorized to access the document you requested.</p></html>',
    )
  }
})
