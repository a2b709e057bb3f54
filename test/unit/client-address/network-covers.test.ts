/**
 * When one network lies wholly inside another.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import { networkCovers } from '../../../src/client-address/network-covers.ts'
import { compileNetworks } from '../../../src/client-address/networks.ts'
import { addressOf } from '../authorize/rule-input.ts'

t.test('a block covers itself and what is narrower, in its own family', async (t) => {
  const covered: [outer: string, inner: string][] = [
    ['10.0.0.0/8', '10.0.0.0/8'],
    ['10.0.0.0/8', '10.255.0.0/16'],
    ['10.0.0.0/8', '10.1.2.3'],
    ['10.1.2.3', '10.1.2.3/32'],
    ['0.0.0.0/0', '::ffff:10.0.0.0/104'],
    ['::/0', '2001:db8::1'],
  ]
  for (const [outer, inner] of covered) t.ok(networkCovers(outer, inner), `${inner} in ${outer}`)
  const apart: [outer: string, inner: string][] = [
    ['10.0.0.0/8', '10.0.0.0/7'],
    ['10.0.0.0/8', '0.0.0.0/0'],
    ['10.0.0.0/8', '11.0.0.0/16'],
    ['::/0', '10.0.0.1'],
    ['0.0.0.0/0', '::/0'],
    ['10.0.0.0/8', 'anything'],
    ['anything', '10.0.0.1'],
    ['10.0.0.0/8', '10.0.0.0/08'],
    ['10.0.0.0/8', ''],
  ]
  for (const [outer, inner] of apart) t.notOk(networkCovers(outer, inner), `${inner} in ${outer}`)
})

t.test('whoever is inside a covered block is inside the one that covers it', async () => {
  const octet = fc.constantFrom(0, 1, 127, 128, 255)
  const ip = fc.tuple(fc.constantFrom(10, 11), octet, octet, octet).map((octets) => octets.join('.'))
  const block = fc.tuple(ip, fc.integer({ min: 0, max: 32 })).map(([base, prefix]) => `${base}/${prefix}`)
  fc.assert(
    fc.property(block, block, ip, (outer, inner, client) => {
      fc.pre(networkCovers(outer, inner) && compileNetworks([inner]).contains(addressOf(client)))
      return compileNetworks([outer]).contains(addressOf(client))
    }),
  )
})
