/**
 * What is an address and what only looks like one, checked against the URL parser of the platform.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import { parseAddress } from '../../../src/client-address/address.ts'

const group = fc
  .tuple(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 1, max: 4 }), fc.boolean())
  .map(([value, width, isUpper]) => {
    const text = value.toString(16).padStart(width, '0')
    return isUpper ? text.toUpperCase() : text
  })
const groups = fc.array(fc.oneof(group, fc.constant('0')), { minLength: 8, maxLength: 8 })

t.test('takes no text that is not canonical', async (t) => {
  const impostors = [
    ...[
      '',
      ' ',
      '010.0.0.1',
      '127.1',
      '2130706433',
      '0x7f.0.0.1',
      '1.2.3',
      '1.2.3.256',
      '1.2.3.4.',
      '１.2.3.4',
    ],
    ...['1.2.3.4:80', ' 1.2.3.4', '1.2.3.4 ', '1.2.3.4\n', '1.2.3.4\0', '1.2.3.4/32', '1.2.3.4,5.6.7.8'],
    ...[
      '[::1]',
      '::1%eth0',
      'fe80::1%eth0',
      '::1 ',
      ':::',
      '1::2::3',
      '::12345',
      '::ffff:010.0.0.1',
      'localhost',
    ],
    ...['unknown', '_hidden', '"1.2.3.4"'],
  ]
  for (const text of impostors) t.equal(parseAddress(text), undefined, JSON.stringify(text))
})

t.test('gives every spelling of an IPv6 address the canonical text that the platform gives it', async () => {
  fc.assert(
    fc.property(groups, fc.nat(8), fc.nat(8), (parts, from, length) => {
      const compressed = [...parts]
      compressed.fill('0', from, from + length)
      const text = compressed.join(':')
      const canonical = new URL(`http://[${text}]`).hostname.slice(1, -1)
      fc.pre(!canonical.startsWith('::ffff:'))
      const [long, short] = [parseAddress(text), parseAddress(canonical)]
      return long?.family === 6 && long.text === canonical && short?.text === canonical
    }),
  )
})

t.test('reads the dotted tail of an IPv6 address as the same 32 bits in hexadecimal', async (t) => {
  t.match(parseAddress('64:ff9b::192.0.2.33'), { family: 6, text: '64:ff9b::c000:221' })
  t.match(parseAddress('::10.0.0.1'), { family: 6, text: '::a00:1' }, 'compatible is not mapped')
})

t.test('takes an IPv4-mapped address for the IPv4 address, however it is written', async () => {
  fc.assert(
    fc.property(fc.ipV4(), (plain) => {
      const [a = 0, b = 0, c = 0, d = 0] = plain.split('.').map(Number)
      const hex = `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`
      const spellings = [plain, `::ffff:${plain}`, `::FFFF:${hex}`, `0:0:0:0:0:ffff:${hex}`]
      return spellings.every((text) => {
        const address = parseAddress(text)
        return address?.family === 4 && address.text === plain
      })
    }),
  )
})

t.test('gives an address that nobody can change', async (t) => {
  const address = parseAddress('192.0.2.1')
  t.ok(Object.isFrozen(address))
})
