/**
 * Tokens of which only SHA-256 in hex was kept, without salt, as Sentry does. Nothing in the text says which record it
 * belongs to: the digest is both what is looked up and what is compared.
 * @module
 */

import { fail } from '../stores/stored-value.ts'
import { equalDigests } from './equal-digests.ts'
import type { ForeignFormat } from './foreign-format.ts'

/** Shorter texts can be guessed, and are worth no look-up. */
const text = /^[\x21-\x7e]{20,512}$/
const hexDigest = /^[0-9a-f]{64}$/

/** Verifier: the digest in hex. */
export const sha256: ForeignFormat = {
  name: 'sha256',
  fields: ['hash'],

  read({ hash }) {
    if (typeof hash !== 'string' || !hexDigest.test(hash)) return 'hash must be 64 lower-case hex digits'
    return { locator: hash, verifier: hash, cost: 1 }
  },

  recognise: (presented, hashes) =>
    text.test(presented) ? hashes.digest('sha256', presented).toString('hex') : undefined,

  verify(presented, stored, hashes) {
    if (!hexDigest.test(stored)) return fail('verifier')
    return equalDigests(hashes.digest('sha256', presented), stored, 'hex')
  },

  decoy: () => '0'.repeat(64),
}
