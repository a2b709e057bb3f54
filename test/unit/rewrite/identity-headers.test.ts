/**
 * What an upstream is told about who was let through.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import { authorizePublic } from '../../../src/authorize/authorize.ts'
import { grant } from '../../../src/authorize/grant.ts'
import { compileIdentityHeaders, headerText } from '../../../src/rewrite/identity-headers.ts'
import type { Token } from '../../../src/tokens/token.ts'

const token: Token = {
  id: '0196-a',
  kind: 'deploy',
  subject: { id: 's1', name: 'jürgen\r\nX-Admin: 1', kind: 'user', status: 'active', createdAt: 0 },
  scopes: ['repo:read', 'repo:write'],
  bindings: {},
  access: 'owner',
  networks: undefined,
  paths: undefined,
  description: '',
  createdAt: 0,
  createdBy: 'test',
  expiresAt: undefined,
  lastUsedAt: undefined,
  lastUsedAddress: undefined,
  revokedAt: undefined,
  revokedBy: undefined,
  revokedCause: undefined,
  parentId: undefined,
  rotatedFrom: undefined,
  rotatedTo: undefined,
}

t.test('says every field that the route asks for, in order, each on one line of ASCII', async (t) => {
  const identityOf = compileIdentityHeaders({
    'x-who': 'subject',
    'x-id': 'token-id',
    'x-kind': 'token-kind',
    'x-may': 'scopes',
    'x-access': 'access',
    'x-owner': 'owner',
  })
  const expected = [
    ...['x-who', 'j%C3%BCrgen%0D%0AX-Admin: 1', 'x-id', '0196-a', 'x-kind', 'deploy'],
    ...['x-may', 'repo:read repo:write', 'x-access', 'owner', 'x-owner', 'true'],
  ]
  t.strictSame(identityOf(grant('token', token, 'owner')), expected)
  t.strictSame(identityOf(grant('token', token, 'owner')), expected, 'the second time too')
})

t.test('an owner is said to be one only by the access of the grant', async (t) => {
  const identityOf = compileIdentityHeaders({ 'x-owner': 'owner' })
  for (const access of ['none', 'read-only', 'read-write'] as const) {
    t.strictSame(identityOf(grant('token', { ...token, access }, access)), ['x-owner', 'false'], access)
  }
})

t.test(
  'what was said of a token on one resource is not said again on another where it has less',
  async (t) => {
    const identityOf = compileIdentityHeaders({ 'x-owner': 'owner' })
    t.strictSame(identityOf(grant('token', token, 'owner')), ['x-owner', 'true'])
    t.strictSame(identityOf(grant('token', token, 'read-write')), ['x-owner', 'false'])
    t.strictSame(identityOf(grant('token', token, 'owner')), ['x-owner', 'true'])
  },
)

t.test('says nothing about nobody', async (t) => {
  t.strictSame(compileIdentityHeaders({ 'x-who': 'subject' })(authorizePublic()), [])
})

t.test('any text becomes one line of printable ASCII, and decodes to what it was', async () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const value = headerText(text)
      return /^[\x20-\x7e]*$/.test(value) && decodeURIComponent(value) === text.toWellFormed()
    }),
    { numRuns: 2_000 },
  )
})

t.test('two different texts never look alike to the upstream', async () => {
  const text = fc.array(fc.constantFrom('a', '%', '41', 'é', '%C3', ' ', '\n'), { maxLength: 5 })
  fc.assert(
    fc.property(text, text, (one, other) => {
      const [first, second] = [one.join(''), other.join('')]
      return first === second || headerText(first) !== headerText(second)
    }),
    { numRuns: 2_000 },
  )
})
