/**
 * Makes a new credential: a text for its holder, and the digest that the store keeps of it.
 * @module
 */

import type { Secret } from '../lib/secret.ts'
import type { KeyRing } from './keys/key-ring.ts'
import type { Digest } from './ports.ts'
import type { TokenKind } from './token.ts'
import { newTokenText } from './token-text.ts'

/** What minting yields: the text, shown once, and what is kept of it. */
interface MintedToken {
  readonly text: Secret
  readonly digest: Digest
}

/** The digest is made with the ring's current key. Nothing is stored. */
export function mintToken(kind: TokenKind, keyRing: KeyRing): MintedToken {
  const text = newTokenText(kind)
  return { text, digest: keyRing.digest(text) }
}
