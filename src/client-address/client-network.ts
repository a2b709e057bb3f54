/**
 * What one client is taken to have at its disposal: an IPv4 address, or the whole /64 of an IPv6 address, since every
 * host may choose the lower half of its address anew for each connection.
 * @module
 */

import type { Address } from './address.ts'

/** The IPv4 address, or the upper half of the IPv6 address, as a text that is only good for comparing. */
export function clientNetwork({ family, text, words }: Address): string {
  if (family === 4) return text
  return `${(words[0] >>> 0).toString(16)}:${(words[1] >>> 0).toString(16)}`
}
