/**
 * Compiled lists of networks, checked against the block list of the platform.
 * @module
 */

import { BlockList } from 'node:net'
import fc from 'fast-check'
import t from 'tap'
import { parseAddress } from '../../../src/client-address/address.ts'
import { compileNetworks } from '../../../src/client-address/networks.ts'

const contains = (cidrs: readonly string[], text: string) =>
  compileNetworks(cidrs).contains(parseAddress(text))

t.test('contains what its blocks cover, and nothing else', async (t) => {
  t.equal(contains(['10.0.0.0/8'], '10.255.255.255'), true)
  t.equal(contains(['10.0.0.0/8'], '11.0.0.0'), false)
  t.equal(contains(['10.1.2.3/8'], '10.9.9.9'), true, 'host bits are ignored')
  t.equal(contains(['192.0.2.7'], '192.0.2.7'), true, 'a bare address is itself')
  t.equal(contains(['192.0.2.7'], '192.0.2.6'), false)
  t.equal(contains(['fd00::/8'], 'fdff::1'), true)
  t.equal(contains(['fd00::/8'], 'fe00::1'), false)
  t.equal(contains(['2001:db8::1'], '2001:db8::2'), false)
  t.equal(contains(['10.0.0.0/8', '2001:db8::/32'], '2001:db8:1::'), true, 'any of its blocks')
})

t.test('contains nothing when it is empty, and never an unknown address', async (t) => {
  t.equal(contains([], '127.0.0.1'), false)
  t.equal(compileNetworks(['0.0.0.0/0', '::/0']).contains(undefined), false)
})

t.test('keeps the families apart, but takes a mapped block for the IPv4 block', async (t) => {
  t.equal(contains(['0.0.0.0/0'], '2001:db8::1'), false)
  t.equal(contains(['::/0'], '192.0.2.1'), false)
  t.equal(contains(['::/0'], '2001:db8::1'), true)
  t.equal(contains(['0.0.0.0/0'], '255.255.255.255'), true)
  t.equal(contains(['::ffff:10.0.0.0/104'], '10.1.1.1'), true)
  t.equal(contains(['::ffff:10.0.0.0/104'], '11.1.1.1'), false)
  t.equal(contains(['10.0.0.0/8'], '::ffff:10.1.1.1'), true)
})

t.test('agrees with the platform for every address and prefix', async () => {
  const families = [
    { family: 'ipv4', width: 32, addresses: fc.ipV4() },
    { family: 'ipv6', width: 128, addresses: fc.ipV6().filter((text) => parseAddress(text)?.family === 6) },
  ] as const
  for (const { family, width, addresses } of families) {
    fc.assert(
      fc.property(addresses, addresses, fc.nat(width), (base, other, prefix) => {
        const list = new BlockList()
        list.addSubnet(base, prefix, family)
        return [base, other].every(
          (text) => contains([`${base}/${prefix}`], text) === list.check(text, family),
        )
      }),
    )
  }
})

t.test('names the entry that is not a network and says what to write', async (t) => {
  const wrong: readonly [string, RegExp][] = [
    ['10.0.0.0/33', /«10\.0\.0\.0\/33».*0 to 32/],
    ['fd00::/129', /0 to 128/],
    ['10.0.0.0/08', /0 to 32/],
    ['10.0.0.0/', /0 to 32/],
    ['10.0.0.0/8/8', /canonical form/],
    ['010.0.0.0/8', /canonical form/],
    ['10/8', /«10\/8».*canonical form/],
    ['10.0.0.0/255.0.0.0', /0 to 32/],
    ['example.org', /canonical form/],
    ['', /canonical form/],
    ['::ffff:10.0.0.0/90', /partly IPv4 and partly IPv6/],
  ]
  for (const [cidr, message] of wrong) {
    t.throws(() => compileNetworks(['10.0.0.0/8', cidr]), { name: 'RangeError', message }, cidr)
  }
})
