/**
 * The neighbourhood of an address: enough to tell an office from a data centre, too little to follow a person.
 * @module
 */

import type { Address } from './address.ts'

/** The /24 of an IPv4 address, the /48 of an IPv6 address, as CIDR text. */
export function coarseAddress({ family, text, words }: Address): string {
  if (family === 4) return `${text.slice(0, text.lastIndexOf('.'))}.0/24`
  const groups = [words[0] >>> 16, words[0] & 0xffff, words[1] >>> 16]
  // RFC 5952 shortens the longest run of zeros, which is the one at the end.
  while (groups.at(-1) === 0) groups.pop()
  return `${groups.map((group) => group.toString(16)).join(':')}::/48`
}
