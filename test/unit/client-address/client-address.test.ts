/**
 * Whose request it is, behind proxies that are believed and among clients who lie.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import { parseAddress } from '../../../src/client-address/address.ts'
import { compileClientAddress } from '../../../src/client-address/client-address.ts'
import { compileNetworks } from '../../../src/client-address/networks.ts'

const proxies = ['10.0.0.0/8', '127.0.0.1', 'fd00::/8']
const find = compileClientAddress({ trustedProxies: proxies, header: 'x-forwarded-for' })
const findForwarded = compileClientAddress({ trustedProxies: proxies, header: 'forwarded' })

/** The client's address, or the code of the refusal. */
function outcome(result: ReturnType<typeof find>): string {
  return 'refused' in result ? result.code : result.text
}

const proxy = fc.tuple(fc.nat(255), fc.nat(255)).map(([a, b]) => `10.0.${a}.${b}`)
const stranger = fc.tuple(fc.nat(255), fc.nat(255)).map(([a, b]) => `203.0.${a}.${b}`)
const lie = fc.oneof(
  fc.string(),
  stranger,
  proxy,
  fc.constantFrom('', 'for="', 'unknown', '010.0.0.1', '"', '\\'),
)

t.test('believes the socket when the peer is not a trusted proxy, whatever the header says', async (t) => {
  t.equal(outcome(find('203.0.113.9', [])), '203.0.113.9')
  t.equal(outcome(find('203.0.113.9', ['127.0.0.1', 'rubbish'])), '203.0.113.9')
  t.equal(outcome(find('::ffff:203.0.113.9', ['127.0.0.1'])), '203.0.113.9')
  const nobody = compileClientAddress({ trustedProxies: [], header: 'x-forwarded-for' })
  t.equal(outcome(nobody('127.0.0.1', ['203.0.113.9'])), '127.0.0.1')
})

t.test('takes the right-most hop that is not trusted', async (t) => {
  t.equal(outcome(find('127.0.0.1', ['198.51.100.7'])), '198.51.100.7')
  t.equal(outcome(find('127.0.0.1', ['6.6.6.6, 198.51.100.7, 10.1.1.1'])), '198.51.100.7')
  t.equal(
    outcome(find('::ffff:127.0.0.1', ['6.6.6.6', '198.51.100.7\t,10.1.1.1', '10.2.2.2'])),
    '198.51.100.7',
  )
  t.equal(outcome(find('fd00::1', ['2001:DB8::0:1'])), '2001:db8::1')
})

t.test('takes the left-most hop when all are trusted, and the peer when there is no header', async (t) => {
  t.equal(outcome(find('127.0.0.1', ['10.1.1.1, 10.2.2.2'])), '10.1.1.1')
  t.equal(outcome(find('127.0.0.1', [])), '127.0.0.1')
})

t.test('refuses a hop that is not a canonical address, once the walk reaches it', async (t) => {
  for (const hop of [
    '010.0.0.1',
    '127.1',
    '2130706433',
    '1.2.3.4:80',
    '[::1]',
    'fe80::1%eth0',
    'unknown',
    '',
    '\u00a01.2.3.4',
  ]) {
    t.equal(outcome(find('127.0.0.1', [hop])), 'malformed_header', JSON.stringify(hop))
    t.equal(outcome(find('127.0.0.1', [`${hop}, 10.1.1.1`])), 'malformed_header', JSON.stringify(hop))
    t.equal(
      outcome(find('127.0.0.1', [`${hop}, 6.6.6.6`])),
      '6.6.6.6',
      'left of the answer it is not looked at',
    )
  }
})

t.test('takes a link-local peer by its address, without the interface that the kernel names', async (t) => {
  t.equal(outcome(find('fe80::1%eth0', [])), 'fe80::1')
})

t.test('refuses a request whose peer is gone or has no plain address', async (t) => {
  for (const peer of [undefined, '', '/run/gateway.sock']) {
    t.equal(outcome(find(peer, ['203.0.113.9'])), 'malformed_request', String(peer))
  }
})

t.test('no lie to the left of the hop that a trusted proxy wrote changes the answer', async () => {
  fc.assert(
    fc.property(fc.array(lie), stranger, fc.array(proxy), fc.nat(10), (lies, client, hops, cut) => {
      const honest = [client, ...hops].join(', ')
      const lines = [...lies.slice(0, cut), [...lies.slice(cut), honest].join(',')]
      return outcome(find('127.0.0.1', lines)) === client
    }),
  )
})

t.test('no lie to the left changes the answer in the Forwarded header, open quotes included', async () => {
  fc.assert(
    fc.property(fc.array(lie), stranger, fc.array(proxy), (lies, client, hops) => {
      const honest = [client, ...hops].map((hop) => `for=${hop};proto=https`)
      return outcome(findForwarded('127.0.0.1', [[...lies, ...honest].join(', ')])) === client
    }),
  )
})

t.test('never answers with a trusted address that stands left of an untrusted one', async () => {
  const trusted = compileNetworks(proxies)
  fc.assert(
    fc.property(fc.array(fc.oneof(proxy, stranger), { minLength: 1 }), (hops) => {
      const isUntrusted = (hop: string) => !trusted.contains(parseAddress(hop))
      const expected = hops.findLast(isUntrusted) ?? hops[0]
      return outcome(find('127.0.0.1', [hops.join(',')])) === expected
    }),
  )
})

t.test('treats mapped and plain spellings alike, as peer and as hop', async () => {
  fc.assert(
    fc.property(fc.oneof(proxy, stranger), fc.array(fc.oneof(proxy, stranger)), (peer, hops) => {
      const mapped = hops.map((hop) => `::ffff:${hop}`)
      const lines = (list: readonly string[]) => (list.length === 0 ? [] : [list.join(', ')])
      return outcome(find(peer, lines(hops))) === outcome(find(`::ffff:${peer}`, lines(mapped)))
    }),
  )
})

t.test('goes on answering rightly after more peers than it remembers', async (t) => {
  for (let n = 0; n < 3000; n += 1) {
    const peer = `${n % 2 === 0 ? '10' : '203'}.0.${n >> 8}.${n & 255}`
    const expected = n % 2 === 0 ? '198.51.100.7' : peer
    if (outcome(find(peer, ['198.51.100.7'])) !== expected) t.fail(peer)
  }
  t.equal(outcome(find('127.0.0.1', ['198.51.100.7'])), '198.51.100.7')
})

t.test('answers a hostile header in a moment', async (t) => {
  const blanks = ' '.repeat(32_000)
  const headers = [
    `x${blanks}x`,
    `for="${blanks}`,
    'a=b;'.repeat(8000),
    `for="${'1:'.repeat(16_000)}"`,
    ','.repeat(32_000),
  ]
  const began = performance.now()
  for (const header of headers) {
    t.equal(outcome(find('127.0.0.1', [header])), 'malformed_header')
    t.equal(outcome(findForwarded('127.0.0.1', [header])), 'malformed_header')
  }
  t.ok(performance.now() - began < 250)
})

t.test('refuses to compile a trusted proxy that is not a network', async (t) => {
  t.throws(() => compileClientAddress({ trustedProxies: ['10.0.0.0/40'], header: 'forwarded' }), {
    name: 'RangeError',
  })
})
