/**
 * Who is asking: the peer of the socket, or, where that is a trusted proxy, the right-most hop of the
 * forwarded header that is not one. What a client writes to the left of that hop is never looked at.
 * @module
 */

import { type Refusal, refuse } from '../request/refusal.ts'
import { type Address, parseAddress } from './address.ts'
import { parseForwardedFor } from './forwarded-for.ts'
import { compileNetworks } from './networks.ts'

/** Peers that are remembered, so that a connection that is kept alive is looked up once. */
const peersMax = 1024

/**
 * Finds the client of one request. `peer` is the socket's remote address; `forwarded` holds the raw values
 * of the configured header, one for each header line, in order of appearance.
 */
export type FindClientAddress = (peer: string | undefined, forwarded: readonly string[]) => Address | Refusal

interface Peer {
  readonly address: Address
  readonly isTrusted: boolean
}

/**
 * Compile the settings of `clientAddress`. Throws a `RangeError` when a trusted proxy is not a network.
 * The function it returns answers with the left-most hop when every hop is trusted, and refuses a peer or a
 * hop that is not a plain address.
 */
export function compileClientAddress(settings: {
  readonly trustedProxies: readonly string[]
  readonly header: 'x-forwarded-for' | 'forwarded'
}): FindClientAddress {
  const trusted = compileNetworks(settings.trustedProxies)
  const readHop = settings.header === 'forwarded' ? parseForwardedFor : parseAddress
  const peers = new Map<string, Peer>()

  function lookUp(text: string): Peer | undefined {
    const known = peers.get(text)
    if (known !== undefined) return known
    // The kernel names the interface of a link-local peer, which is no part of its address.
    const address = parseAddress(text.split('%', 1)[0] ?? '')
    if (address === undefined) return undefined
    if (peers.size >= peersMax) peers.clear()
    const peer = { address, isTrusted: trusted.contains(address) }
    peers.set(text, peer)
    return peer
  }

  return (peerText, forwarded) => {
    const peer = peerText === undefined ? undefined : lookUp(peerText)
    if (peer === undefined) return refuse('malformed_request', 'the peer of the socket has no plain address')
    if (!peer.isTrusted) return peer.address

    let client = peer.address
    for (const element of hopsFromTheRight(forwarded)) {
      const hop = readHop(withoutPadding(element))
      if (hop === undefined) {
        return refuse('malformed_header', `a hop in ${settings.header} is not a plain address`)
      }
      client = hop
      if (!trusted.contains(hop)) break
    }
    return client
  }
}

/**
 * Every comma parts two hops, also one inside a quoted string: what a proxy appended is thus always its own
 * element, whatever stands before it, and a quoted comma yields halves that are refused.
 */
function hopsFromTheRight(forwarded: readonly string[]): readonly string[] {
  return forwarded.length === 0 ? [] : forwarded.join(',').split(',').reverse()
}

/** Without the optional white space of RFC 9110: space and tab only. Linear, where `/[ \t]+$/` is quadratic. */
function withoutPadding(element: string): string {
  let start = 0
  let end = element.length
  while (start < end && isPadding(element.charCodeAt(start))) start += 1
  while (end > start && isPadding(element.charCodeAt(end - 1))) end -= 1
  return element.slice(start, end)
}

function isPadding(code: number): boolean {
  return code === 0x20 || code === 0x09
}
