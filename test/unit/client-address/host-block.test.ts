/**
 * Clients are told apart by the address of IPv4 and by the /64 of IPv6, and in no other way.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import { parseAddress } from '../../../src/client-address/address.ts'
import { hostBlock } from '../../../src/client-address/host-block.ts'
import { compileNetworks } from '../../../src/client-address/networks.ts'

function block(text: string): string {
  const address = parseAddress(text)
  if (address === undefined) throw new Error(text)
  return hostBlock(address)
}

t.test('hosts of IPv4 are apart, hosts of one /64 are together', async (t) => {
  t.not(block('192.0.2.77'), block('192.0.2.78'))
  t.equal(block('::ffff:192.0.2.77'), block('192.0.2.77'))
  t.equal(block('2001:db8:a:b::1'), block('2001:db8:a:b:ffff:ffff:ffff:ffff'))
  t.not(block('2001:db8:a:b::1'), block('2001:db8:a:c::1'))
})

t.test('two addresses of IPv6 have one block exactly when they share their /64', async () => {
  const groups = fc.array(fc.constantFrom('0', '1', 'ffff'), { minLength: 8, maxLength: 8 })
  fc.assert(
    fc.property(groups, groups, (one, other) => {
      const [a, b] = [one.join(':'), other.join(':')]
      const address = parseAddress(b)
      const isMapped = [one, other].some((each) => each.slice(0, 6).join() === '0,0,0,0,0,ffff')
      if (address === undefined || isMapped) return true
      return (block(a) === block(b)) === compileNetworks([`${a}/64`].map(withoutHost)).contains(address)
    }),
  )
})

/** A block must have no bits behind its prefix. */
function withoutHost(cidr: string): string {
  return `${cidr.split(':').slice(0, 4).join(':')}:0:0:0:0/64`
}
