/**
 * What counts as one client where clients are counted by address: a host of IPv4, and a /64 of IPv6, which one host
 * has to itself and may take any address of.
 * @module
 */

import type { Address } from './address.ts'

/** Two addresses of one block have the same text, and no others do. */
export function hostBlock({ family, text, words }: Address): string {
  if (family === 4) return text
  return `${(words[0] >>> 0).toString(16)}:${(words[1] >>> 0).toString(16)}/64`
}
