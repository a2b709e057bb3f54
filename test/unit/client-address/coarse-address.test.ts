/**
 * An address is recorded as its neighbourhood, and never as itself.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import { parseAddress } from '../../../src/client-address/address.ts'
import { coarseAddress } from '../../../src/client-address/coarse-address.ts'
import { compileNetworks } from '../../../src/client-address/networks.ts'

function coarse(text: string): string | undefined {
  const address = parseAddress(text)
  return address && coarseAddress(address)
}

t.test('IPv4 shows its /24, also when it is mapped into IPv6; IPv6 shows its /48', async (t) => {
  t.equal(coarse('192.0.2.77'), '192.0.2.0/24')
  t.equal(coarse('::ffff:192.0.2.77'), '192.0.2.0/24')
  t.equal(coarse('2001:db8:a1b:2c3d::1'), '2001:db8:a1b::/48')
  t.equal(coarse('2001:db8:0:1::1'), '2001:db8::/48')
  t.equal(coarse('0:db8:1::1'), '0:db8:1::/48')
  t.equal(coarse('::1'), '::/48')
})

t.test('is a network that holds the address, whatever the address', async () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
      const address = parseAddress(text)
      if (address === undefined) return true
      return compileNetworks([coarseAddress(address)]).contains(address)
    }),
  )
})
