/**
 * The public keys of a ring as a JSON Web Key Set (RFC 7517), for whoever verifies by itself what the gateway has signed.
 * Nothing of it is secret.
 * @module
 */

import type { JWK } from 'jose'
import type { KeyRing } from '../keys/key-ring.ts'
import type { SigningAlgorithm } from '../keys/signing-key.ts'

/** Its media type. */
export const keySetType = 'application/jwk-set+json'

interface PublicKey extends JWK {
  /** As in the head of what it has signed. */
  readonly kid: string
  readonly alg: SigningAlgorithm
  readonly use: 'sig'
}

export interface KeySet {
  readonly keys: readonly PublicKey[]
}

/**
 * The current key first; a staged one is there before anything is signed with it, a retired one no more. What is signed for
 * registries is ES256 always; keys of the other algorithm are there where assertions are signed by it.
 */
export function keySetOf(ring: KeyRing, ofAssertions: SigningAlgorithm = 'ES256'): KeySet {
  const others = ofAssertions === 'ES256' ? [] : ring.signingKeys(ofAssertions)
  return {
    keys: [...others, ...ring.signingKeys('ES256')].map(({ algorithm, id, publicKey }) => ({
      ...publicKey.export({ format: 'jwk' }),
      kid: id,
      alg: algorithm,
      use: 'sig',
    })),
  }
}
