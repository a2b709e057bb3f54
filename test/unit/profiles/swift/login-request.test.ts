/**
 * Logins are read as TempAuth reads them, and nobody is logged in by what could be read in two ways.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import { readLoginRequest } from '../../../../src/profiles/swift/login-request.ts'
import { requestOf } from '../../authorize/rule-input.ts'

function read(path: string, ...rawHeaders: string[]) {
  const found = readLoginRequest({ ...requestOf('GET', path), rawHeaders }, path)
  return 'status' in found ? found.status : `${found.name} ${found.key.reveal()}`
}

const v1 = '/auth/v1.0'
const ofAccount = '/auth/v1/acct/auth'
const xUser = 'X-Auth-User'
const xKey = 'X-Auth-Key'
const sUser = 'X-Storage-User'
const sPass = 'X-Storage-Pass'

t.test('which header counts depends on the path', async (t) => {
  for (const [expected, path, ...headers] of [
    ['a:u k', v1, xUser, 'a:u', xKey, 'k'],
    ['a:u k', '/auth/auth/whatever', 'x-auth-user', 'a:u', 'x-auth-key', 'k'],
    ['a:u:v k', v1, xUser, 'a:u:v', xKey, 'k'],
    ['a:u k', v1, sUser, 'a:u', sPass, 'k'],
    ['a:u k', v1, xUser, '', sUser, 'a:u', xKey, '', sPass, 'k'],
    ['a:u k', v1, xUser, 'a:u', sUser, 'b:v', xKey, 'k', sPass, 'l'],
    ['acct:u k', ofAccount, sUser, 'u', sPass, 'k'],
    ['acct:u l', ofAccount, sUser, 'u', xUser, 'acct:v', sPass, 'l', xKey, 'k'],
    ['acct:v k', ofAccount, xUser, 'acct:v', xKey, 'k'],
    [401, ofAccount, xUser, 'other:v', xKey, 'k'],
    [401, ofAccount, xUser, 'acctx:v', xKey, 'k'],
    [401, v1, xUser, 'u', xKey, 'k'],
    [401, v1, xUser, ':u', xKey, 'k'],
    [401, v1, xUser, 'a:', xKey, 'k'],
    [401, v1, xUser, 'a:u'],
    [401, v1, xUser, 'a:u', xKey, ''],
    [401, v1, xUser, 'a:u', xUser, 'a:u', xKey, 'k'],
    [401, v1, xUser, 'a:u', xKey, 'k', xKey, 'l'],
    [401, v1, xUser, 'a:u ser', xKey, 'k'],
    [401, v1, xUser, 'a:\u00fc', xKey, 'k'],
    [401, v1],
    [400, '/auth/v2.0', xUser, 'a:u', xKey, 'k'],
    [400, '/auth/v1', xUser, 'a:u', xKey, 'k'],
    [400, '/auth/v1/acct/auth/', sUser, 'u', sPass, 'k'],
    [400, '/auth/v1//auth', sUser, 'u', sPass, 'k'],
    [404, '/auth/', xUser, 'a:u', xKey, 'k'],
  ] as const) {
    t.equal(read(path, ...headers), expected, JSON.stringify([path, ...headers]))
  }
})

t.test('whoever is named can be the subject of a token', async () => {
  const header = fc.tuple(
    fc.constantFrom(xUser, xKey, sUser, sPass),
    fc.string({ maxLength: 8, unit: 'binary' }),
  )
  fc.assert(
    fc.property(fc.constantFrom(v1, ofAccount), fc.array(header, { maxLength: 5 }), (path, headers) => {
      const found = readLoginRequest({ ...requestOf('GET', path), rawHeaders: headers.flat() }, path)
      if ('status' in found) return found.status === 401
      return /^[!-9;-~]+:[!-~]+$/.test(found.name) && found.key.reveal() !== ''
    }),
  )
})
