/**
 * One network of the settings, compiled, where its spelling allows it.
 * @module
 */

import { compileNetworks, type Networks } from '../client-address/networks.ts'

/** `undefined` for a text that is neither an address nor a CIDR block in canonical form. */
export function soundNetwork(cidr: string): Networks | undefined {
  try {
    return compileNetworks([cidr])
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}
