/**
 * What of an upstream's head a client sees.
 * @module
 */

import t from 'tap'
import { authorizePublic } from '../../../src/authorize/authorize.ts'
import { grant } from '../../../src/authorize/grant.ts'
import { settings } from '../../../src/config/schema/settings.ts'
import { compileFilterResponse } from '../../../src/rewrite/filter-response.ts'
import { compilePrivilegedHeaders } from '../../../src/rewrite/privileged-headers.ts'

const section = settings.shape.routes.element.shape.privilegedHeaders
const filter = compileFilterResponse(
  compilePrivilegedHeaders(section.parse({ names: ['x-secret'], translate: { 'x-outer': 'x-inner' } })),
)
const owner = grant('token', undefined, 'owner')
const others = {
  writer: grant('token', undefined, 'read-write'),
  reader: grant('token', undefined, 'read-only'),
  public: authorizePublic(),
  shadow: grant('shadow', undefined, 'none'),
}

t.test('carries lines in their order and case, repeated ones too', async (t) => {
  const lines = ['Set-Cookie', 'a=1', 'ETag', '"x"', 'set-cookie', 'b=2', 'X-Empty', '']
  t.strictSame(filter(lines, owner), lines)
  t.strictSame(filter([], owner), [])
})

t.test('shows guarded lines to an owner alone, translated where they have another name', async (t) => {
  const lines = [
    'X-SECRET',
    '1',
    'A',
    '2',
    'X_Secret',
    '3',
    'X-Inner',
    '4',
    'x-remove-secret',
    '5',
    'x_inner',
    '6',
  ]
  t.strictSame(filter(lines, owner), [
    ...['X-SECRET', '1', 'A', '2', 'X_Secret', '3', 'x-outer', '4', 'x-remove-secret', '5', 'x-outer', '6'],
  ])
  for (const [name, other] of Object.entries(others)) t.strictSame(filter(lines, other), ['A', '2'], name)
})

t.test('drops the lines of the connection, and those that it names, for everybody', async (t) => {
  const hopByHop = [
    ...['Connection', 'Keep-Alive', 'Proxy-Authenticate', 'Proxy-Connection', 'TE', 'Trailer', 'Upgrade'],
    ...['Transfer-Encoding', 'Proxy-Authentication-Info', 'keep_alive'],
  ]
  for (const name of hopByHop) t.strictSame(filter([name, 'x', 'A', '1'], owner), ['A', '1'], name)
  const named = ['Connection', 'close, X-One', 'X-One', '1', 'A', '2', 'connection', ' x-two ,', 'X-TWO', '3']
  t.strictSame(filter(named, owner), ['A', '2'])
  t.strictSame(filter(['X-One', '1', 'Connection', 'X-ONE'], owner), [], 'also those that came before')
})
