/**
 * `Authorization` is read as GoCD reads it, and what looks like a bearer token and is none goes nowhere.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import { Secret } from '../../../../src/lib/secret.ts'
import {
  loginText,
  otherAuthorization,
  presentsBearer,
  readBearer,
  readLogin,
} from '../../../../src/profiles/gocd/authorization.ts'
import type { CanonicalRequest } from '../../../../src/request/canonical-request.ts'
import { isRefusal } from '../../../../src/request/refusal.ts'

function requestWith(value: string, rawPath = '/go/api/agents'): CanonicalRequest {
  return {
    method: 'GET',
    host: 'ci',
    authority: 'ci',
    rawPath,
    query: '',
    rawHeaders: ['Authorization', value],
    hasUnderscoreName: false,
    hasBody: false,
    contentLength: undefined,
  }
}

t.test('a login is read back from how it is written', async (t) => {
  const users = fc.string({ unit: 'grapheme' }).filter((user) => !user.includes(':'))
  fc.assert(
    fc.property(users, fc.string({ unit: 'grapheme' }), (user, key) => {
      const login = readLogin(requestWith(loginText({ user, key: new Secret(key) }).reveal()))
      t.ok(typeof login === 'object' && login.user === user && login.key.reveal() === key)
    }),
  )
})

t.test('whatever a client sends is a token, refused, or passed by, and never two of these', async (t) => {
  const values = fc.oneof(
    fc.string(),
    fc.string().map((rest) => `Bearer ${rest}`),
    fc.constantFrom('bearer', 'BEARER', ' Bearer').chain((word) => fc.string().map((rest) => word + rest)),
    fc.stringMatching(/^[0-9a-f]{40}$/).map((token) => `beArer ${token}`),
  )
  fc.assert(
    fc.property(values, (value) => {
      const request = requestWith(value)
      const found = readBearer(value, request)
      const token = /^bearer ([0-9a-f]{40})$/i.exec(value)?.[1]
      if (token !== undefined) {
        t.ok(found !== undefined && 'secret' in found && found.secret.reveal() === token)
      } else {
        t.ok(found === undefined || isRefusal(found))
      }
      // GoCD takes for a bearer token what this expression matches, and it must not get there unread.
      if (/^bearer .*$/i.test(value)) {
        t.ok(found !== undefined && presentsBearer(request))
        t.same(otherAuthorization(request), [])
      }
      t.equal(readBearer(value, requestWith(value, '/go/pipelines')), undefined)
    }),
  )
})
