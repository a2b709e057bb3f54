/**
 * Whatever the headers are: only one plain wish for one allowed protocol is an upgrade.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import { findUpgrade, type UpgradePlan } from '../../../src/request/find-upgrade.ts'
import { RouteTable } from '../../../src/route/route-table.ts'

const upgrade: UpgradePlan = { protocols: new Set(['websocket']), idleMs: 1, lifetimeMs: 2 }
const routes = new RouteTable([
  {
    name: 'all',
    hosts: undefined,
    methods: undefined,
    pieces: [{ kind: 'text', text: 'a' }],
    pathMode: 'strict',
    plan: { upgrade },
  },
])
const plan = { headLimits: { headerCount: 20, targetBytes: 100 }, routes }
const find = (lines: readonly (readonly [string, string])[], more = {}) =>
  findUpgrade(
    { method: 'GET', target: '/a', httpVersion: '1.1', rawHeaders: ['Host', 'x', ...lines.flat()], ...more },
    plan,
  )

const anyCase = (text: string) =>
  fc
    .array(fc.boolean(), { minLength: text.length, maxLength: text.length })
    .map((upper) => Array.from(text, (char, index) => (upper[index] ? char.toUpperCase() : char)).join(''))
const options = fc.constantFrom('Upgrade', 'upgrade', 'keep-alive', 'close', 'TE', 'HTTP2-Settings')
const connection = fc.tuple(
  anyCase('connection'),
  fc.array(options, { maxLength: 3 }).map((all) => all.join(', ')),
)
const protocol = fc.tuple(
  anyCase('upgrade'),
  fc.oneof(
    anyCase('websocket'),
    fc.constantFrom('h2c', 'websocket, h2c', 'websocket/13', '', ' websocket', 'x'),
  ),
)
const other = fc.constantFrom(
  ['Content-Length', '0'] as const,
  ['Content-Length', '5'] as const,
  ['Transfer-Encoding', 'chunked'] as const,
  ['Expect', '100-continue'] as const,
  ['X-Other', 'websocket'] as const,
)

t.test('a request is an upgrade exactly when nothing speaks against it', async () => {
  const lines = fc.array(fc.oneof(connection, protocol, other), { maxLength: 5 })
  fc.assert(
    fc.property(
      lines,
      fc.constantFrom('GET', 'GET', 'POST', 'HEAD'),
      fc.constantFrom('1.1', '1.1', '1.0'),
      (lines, method, httpVersion) => {
        const valuesOf = (name: string) =>
          lines.filter(([given]) => given.toLowerCase() === name).map(([, value]) => value.toLowerCase())
        const isUpgrade =
          method === 'GET' &&
          httpVersion === '1.1' &&
          valuesOf('upgrade').join('|') === 'websocket' &&
          valuesOf('connection').some((value) => value.split(', ').includes('upgrade')) &&
          valuesOf('content-length').every((value) => value === '0') &&
          valuesOf('content-length').length < 2 &&
          valuesOf('transfer-encoding').length === 0 &&
          valuesOf('expect').length === 0
        const expected = isUpgrade ? 'websocket' : undefined
        return find(lines, { method, httpVersion })?.protocol === expected
      },
    ),
    { numRuns: 5_000 },
  )
})

t.test('neither is one that would be refused, or that no route takes', async (t) => {
  const wish = [
    ['Connection', 'Upgrade'],
    ['Upgrade', 'websocket'],
  ] as const
  t.match(find(wish), { protocol: 'websocket', idleMs: 1, lifetimeMs: 2 })
  t.equal(find(wish, { target: '/b' }), undefined)
  t.equal(find(wish, { target: '/a/../a' }), undefined)
  t.equal(find(wish, { target: `/a?${'x'.repeat(100)}` }), undefined)
  t.equal(find([...wish, ['Host', 'y']]), undefined)
  t.equal(find([...wish, ['Connection', 'X-Forwarded-For']]), undefined)
})
