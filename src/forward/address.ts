/**
 * Where an upstream listens, as its URL says it.
 * @module
 */

import { isIP, type LookupFunction } from 'node:net'
import { lookupSpread, nameTrustMs } from './spread-lookup.ts'

/** At a name or an address, or at the path of a Unix socket. */
export type Address =
  | { readonly path: string }
  | {
      readonly host: string
      readonly port: number
      /** Finds the addresses of a name; the resolver of the system unless given. */
      readonly lookup?: LookupFunction
      /** How long a connection is used at the most, because the name may come to stand for something else. */
      readonly trustMs?: number
    }

/** The address in a URL of `http:`, `https:` or `unix:`. */
export function addressOf(url: string): Address {
  const { protocol, hostname, port } = new URL(url)
  if (protocol === 'unix:') return { path: url.slice('unix:'.length) }
  // An IPv6 address is in brackets in a URL, and nowhere else.
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  const address = { host, port: Number(port || (protocol === 'https:' ? 443 : 80)) }
  return isIP(host) === 0 ? { ...address, lookup: lookupSpread, trustMs: nameTrustMs } : address
}

/** How long a connection to the address is used at the most, in milliseconds. */
export function trustMsOf(address: Address): number {
  return ('trustMs' in address ? address.trustMs : undefined) ?? Number.POSITIVE_INFINITY
}
