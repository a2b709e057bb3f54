/**
 * The one spelling of a host, in which it is matched and forwarded.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import { canonicalHost } from '../../../src/route/canonical-host.ts'

t.test('folds case and the trailing dot, and keeps the port', async (t) => {
  const cases: readonly (readonly [value: string, host: string, authority: string])[] = [
    ['Swift.Example', 'swift.example', 'swift.example'],
    ['swift.example.', 'swift.example', 'swift.example'],
    ['swift.example.:8080', 'swift.example', 'swift.example:8080'],
    ['swift.example:080', 'swift.example', 'swift.example:80'],
    ['127.0.0.1:65535', '127.0.0.1', '127.0.0.1:65535'],
    ['[2001:DB8::1]:443', '[2001:db8::1]', '[2001:db8::1]:443'],
    ['a_b.example', 'a_b.example', 'a_b.example'],
  ]
  for (const [value, host, authority] of cases) t.strictSame(canonicalHost(value), { host, authority }, value)
})

t.test('what is not one host with an optional port is none', async (t) => {
  const values = [
    ...['', '.', 'a..b', '.a', 'a:', 'a:0', 'a:65536', 'a:123456', 'a:+1', 'a:1:2', 'a b', ' a', 'a '],
    ...['user@a', 'a/b', 'a?b', 'a#b', 'a\\b', 'a,b', 'a;b', 'a%2eb', 'ü.example', 'a\tb', 'http://a', '*'],
    ...[
      '::1',
      '[::1',
      '::1]',
      '[]',
      '[....]',
      '[:::::::]',
      '[1.2]',
      '[::1].',
      '[::1%25eth0]',
      '[::1]x',
      '[g::1]',
      'a..',
      `${'a'.repeat(256)}`,
    ],
  ]
  for (const value of values) t.equal(canonicalHost(value), undefined, JSON.stringify(value))
})

t.test('is a fixed point, in lower case, for whatever it accepts', async () => {
  const unit = fc.constantFrom(...'aZ09.-_:[]@/ %', ':80', 'example')
  fc.assert(
    fc.property(fc.array(unit, { maxLength: 12 }), (pieces) => {
      const found = canonicalHost(pieces.join(''))
      if (found === undefined) return
      const again = canonicalHost(found.authority)
      if (again?.authority !== found.authority || again.host !== found.host) throw new Error(found.authority)
      if (found.authority !== found.authority.toLowerCase() || /[@/ %]/.test(found.authority)) {
        throw new Error(found.authority)
      }
    }),
    { numRuns: 5_000 },
  )
})
