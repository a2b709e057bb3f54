/**
 * Public keys of Sentry's DSNs: 32 lower-case hex digits that every client of a project carries in clear. Because the
 * key is known, it is recorded under its own digest at once; here it is recognised, and told from one known already.
 * @module
 */

import { createHash } from 'node:crypto'
import type { ForeignFormat } from './foreign-format.ts'
import { sha256 } from './sha256.ts'

const key = /^[0-9a-f]{32}$/

/** Verifier: SHA-256 of the key in hex. */
export const sentryDsn: ForeignFormat = {
  name: 'sentry-dsn',
  fields: ['publicKey'],

  read({ publicKey }) {
    if (typeof publicKey !== 'string' || !key.test(publicKey)) {
      return 'publicKey must be 32 lower-case hex digits'
    }
    const digest = createHash('sha256').update(publicKey).digest('hex')
    return { locator: digest, verifier: digest, cost: 1, publicText: publicKey }
  },

  recognise: (presented, hashes) =>
    key.test(presented) ? hashes.digest('sha256', presented).toString('hex') : undefined,

  verify: (presented, stored, hashes) => sha256.verify(presented, stored, hashes),

  decoy: (cost) => sha256.decoy(cost),
}
