/**
 * Finds the addresses of a name anew for each connection, and begins at another one each time: a service whose name has
 * several addresses gets its connections at all of them.
 * @module
 */

import { type LookupAddress, lookup } from 'node:dns'
import type { LookupFunction } from 'node:net'

/** How long a connection to a name is used: after this the name may stand for other addresses. */
export const nameTrustMs = 30_000

let turn = 0

/** For `net.connect`. Fails as the resolver of the system does. */
export const lookupSpread: LookupFunction = (hostname, options, done) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) {
      done(error, '')
      return
    }
    turn = (turn + 1) % Number.MAX_SAFE_INTEGER
    const spread = rotate(addresses, turn)
    const [first] = spread
    if (options.all === true) done(null, spread)
    else if (first !== undefined) done(null, first.address, first.family)
  })
}

function rotate(addresses: readonly LookupAddress[], by: number): LookupAddress[] {
  const from = by % Math.max(addresses.length, 1)
  return [...addresses.slice(from), ...addresses.slice(0, from)]
}
