/**
 * The public keys of a ring as a JSON Web Key Set (RFC 7517), for whoever verifies by itself what the gateway has signed.
 * Nothing of it is secret.
 * @module
 */

import type { JWK } from 'jose'
import type { KeyRing } from '../keys/key-ring.ts'
import { algorithm } from './sign-statement.ts'

/** Its media type. */
export const keySetType = 'application/jwk-set+json'

interface PublicKey extends JWK {
  /** As in the head of what it has signed. */
  readonly kid: string
  readonly alg: typeof algorithm
  readonly use: 'sig'
}

export interface KeySet {
  readonly keys: readonly PublicKey[]
}

/** The current key first; a staged one is there before anything is signed with it, a retired one no more. */
export function keySetOf(ring: KeyRing): KeySet {
  return {
    keys: ring.signingKeys.map(({ id, publicKey }) => ({
      ...publicKey.export({ format: 'jwk' }),
      kid: id,
      alg: algorithm,
      use: 'sig',
    })),
  }
}
