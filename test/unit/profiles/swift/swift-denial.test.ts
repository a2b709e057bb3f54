/**
 * Refusals are Swift's pages: a challenge that nothing can break out of, no body for HEAD, and no reason for the client.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import { refuseLogin, renderSwiftRefusal } from '../../../../src/profiles/swift/swift-denial.ts'
import { refusalCodes, refuse } from '../../../../src/request/refusal.ts'
import { requestOf } from '../../authorize/rule-input.ts'

const challengeOf = (path: string) => {
  const { headers } = renderSwiftRefusal(refuse('invalid_token', 'why'), 'id', requestOf('GET', path))
  return headers[headers.indexOf('Www-Authenticate') + 1] ?? ''
}

t.test('every refusal is told with an id, and without its reason', async (t) => {
  for (const code of refusalCodes) {
    for (const method of ['GET', 'HEAD']) {
      const refusal = refuse(code, 'the-reason', { retryAfterSeconds: 1 })
      const { headers, body } = renderSwiftRefusal(refusal, 'the-id', requestOf(method, '/v1/AUTH_a/c'))
      t.notOk([...headers, body].join('\n').includes('the-reason'), code)
      t.equal(headers.filter((text) => text === 'the-id').length, 2)
      t.ok(headers.includes('Retry-After'))
      t.equal(headers.includes('Www-Authenticate'), refusal.status === 401)
      if (method === 'HEAD') t.equal(body, '')
      else t.equal(headers[headers.indexOf('Content-Length') + 1], String(Buffer.byteLength(body)))
    }
  }
})

t.test('a refused login does not tell whom it was for', async (t) => {
  t.equal(challengeOf('/auth/v1/acct/auth'), 'Swift realm="unknown"')
  const statuses = ([400, 401, 404] as const).map(
    (status) => refuseLogin({ status, reason: 'x' } as never).status,
  )
  t.strictSame(statuses, [400, 401, 404])
})

t.test('no account breaks out of the challenge', async () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (name) => {
      const path = `/v1/${encodeURIComponent(name.toWellFormed())}`
      return /^Swift realm="[\w%.~-]*"$/.test(challengeOf(path))
    }),
  )
})
