/**
 * The grammar of one element of `Forwarded` (RFC 7239).
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import { parseForwardedFor } from '../../../src/client-address/forwarded-for.ts'

t.test('reads the address of an element in the grammar', async (t) => {
  const elements: readonly [string, string][] = [
    ['for=192.0.2.60', '192.0.2.60'],
    ['For="192.0.2.60"', '192.0.2.60'],
    ['for="192.0.2.60:47011"', '192.0.2.60'],
    ['for="192.0.2.60:_port"', '192.0.2.60'],
    ['for="[2001:db8:cafe::17]"', '2001:db8:cafe::17'],
    ['FOR="[2001:DB8:cafe::17]:4711"', '2001:db8:cafe::17'],
    ['for="[::ffff:192.0.2.60]"', '192.0.2.60'],
    ['proto=https;for=192.0.2.60;by="_gate;way";host="a.example:80"', '192.0.2.60'],
    ['for="192.0.2.6\\0";', '192.0.2.60'],
    [';for=192.0.2.60', '192.0.2.60'],
  ]
  for (const [element, address] of elements) t.equal(parseForwardedFor(element)?.text, address, element)
})

t.test('takes nothing from an element that is malformed, repeated, hidden or silent', async (t) => {
  const elements = [
    ...[
      '',
      'for',
      'for=',
      'for=""',
      '192.0.2.60',
      'proto=https',
      'for=unknown',
      'for=_hidden',
      'for="_hidden:80"',
    ],
    ...[
      'for=192.0.2.60:80',
      'for=[::1]',
      'for="::1"',
      'for="[192.0.2.60]"',
      'for="[::1]x"',
      'for="[::1%eth0]"',
    ],
    ...['for=192.0.2.60;for=192.0.2.60', 'for=192.0.2.60;FOR=10.0.0.1', 'for=192.0.2.60;proto=a;proto=b'],
    ...[
      'for =192.0.2.60',
      'for= 192.0.2.60',
      'for=192.0.2.60; proto=https',
      'for="192.0.2.60',
      'for=192.0.2.60"',
    ],
    ...[
      'for=010.0.0.1',
      'for="192.0.2.60:123456"',
      'for="192.0.2.60:"',
      'for=192.0.2.60 ',
      "for='192.0.2.60'",
    ],
  ]
  for (const element of elements) t.equal(parseForwardedFor(element), undefined, JSON.stringify(element))
})

t.test('never throws, and never reads an address that the text does not hold', async () => {
  const piece = fc.constantFrom(
    'for',
    '=',
    '"',
    ';',
    '\\',
    '[',
    ']',
    ':',
    '192.0.2.60',
    '::1',
    ' ',
    'by',
    '_',
    '%',
  )
  fc.assert(
    fc.property(
      fc.array(piece).map((pieces) => pieces.join('')),
      (element) => {
        const address = parseForwardedFor(element)
        return address === undefined || /for="?(192\.0\.2\.60|\[)|\\/.test(element)
      },
    ),
    { numRuns: 2000 },
  )
})
