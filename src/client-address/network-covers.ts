/**
 * Whether one network lies wholly inside another, for rights that may be narrowed and never widened.
 * @module
 */

import { parseAddress } from './address.ts'
import { compileNetworks } from './networks.ts'

/** Both as `compileNetworks` reads them. A text that is no network covers nothing and lies in none. */
export function networkCovers(outer: string, inner: string): boolean {
  try {
    // Compiled, so that no text passes here that would not pass as a network of its own.
    compileNetworks([inner])
    const base = parseAddress(inner.split('/', 1)[0] ?? '')
    return compileNetworks([outer]).contains(base) && prefixBits(inner) >= prefixBits(outer)
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}

/** Length of the prefix in the 128 bits that every address has here, IPv4 mapped into IPv6. */
function prefixBits(network: string): number {
  const width = network.includes(':') ? 128 : 32
  const [, prefix = width] = network.split('/')
  return Number(prefix) + 128 - width
}
