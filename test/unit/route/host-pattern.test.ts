/**
 * A host that no request could ever name is an error at start, not a route that is never taken.
 * @module
 */

import t from 'tap'
import { parseHostPattern } from '../../../src/route/host-pattern.ts'

t.test('a host pattern has one spelling', async (t) => {
  t.equal(parseHostPattern('Example.ORG'), 'example.org')
  t.equal(parseHostPattern('*.Example.org'), '*.example.org')
  t.equal(parseHostPattern('192.0.2.1'), '192.0.2.1')
  t.equal(parseHostPattern('[2001:DB8::1]'), '[2001:db8::1]')
})

t.test('what is no host is refused with what to write instead', async (t) => {
  for (const pattern of [
    'example.org:8080',
    'https://example.org',
    '*',
    'a.*.org',
    '*.',
    '',
    'exa mple.org',
    'a/b',
  ]) {
    t.throws(
      () => parseHostPattern(pattern),
      { name: 'RangeError', message: /without a port/ },
      JSON.stringify(pattern),
    )
  }
})
