/**
 * Makes a new credential: a text for its holder, and the digest that the store keeps of it.
 * @module
 */

import type { KeyRing } from './keys/key-ring.ts'
import type { MintedToken } from './ports.ts'
import type { TokenKind } from './token.ts'
import { newTokenText } from './token-text.ts'

/** The digest is made with the ring's current key. Nothing is stored. */
export function mintToken(kind: TokenKind, keyRing: KeyRing): MintedToken {
  const text = newTokenText(kind)
  return { text, digest: keyRing.digest(text) }
}
