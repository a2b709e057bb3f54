/**
 * Which addresses are one client's: the same IPv4 address, or the same /64 of IPv6.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import { type Address, parseAddress } from '../../../src/client-address/address.ts'
import { clientNetwork } from '../../../src/client-address/client-network.ts'

function of(text: string): string {
  return clientNetwork(parseAddress(text) as Address)
}

t.test('each IPv4 address is a client of its own, however it is written', async (t) => {
  t.equal(of('192.0.2.1'), of('::ffff:192.0.2.1'))
  fc.assert(fc.property(fc.ipV4(), fc.ipV4(), (a, b) => (of(a) === of(b)) === (a === b)))
})

t.test('two IPv6 addresses are one client’s exactly when they share their upper half', async (t) => {
  const group = fc.integer({ min: 1, max: 0xffff }).map((value) => value.toString(16))
  const half = fc.array(group, { minLength: 4, maxLength: 4 }).map((groups) => groups.join(':'))
  fc.assert(
    fc.property(half, half, half, half, (upper, lower, otherUpper, otherLower) => {
      t.equal(of(`${upper}:${lower}`), of(`${upper}:${otherLower}`))
      t.equal(of(`${upper}:${lower}`) === of(`${otherUpper}:${lower}`), upper === otherUpper)
    }),
  )
  t.not(of('2001:db8::1'), of('2001:db8:0:1::1'))
  t.not(of('::1'), of('0.0.0.0'))
})
