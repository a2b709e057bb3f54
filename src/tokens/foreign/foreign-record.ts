/**
 * What the gateway and `token import` ask of a store about tokens that another service made. Each is an ordinary token
 * with one row more, which says how its text is recognised and proven.
 * @module
 */

import type { Act } from '../../audit/entry.ts'
import type { Secret } from '../../lib/secret.ts'
import type { ForeignFormat, ForeignHash } from '../formats/foreign-format.ts'
import type { ClockReading, Digest, NewToken } from '../ports.ts'
import type { Token } from '../token.ts'

/** Where to look: the name of a format and the non-secret part of a text. */
export interface ForeignLocator {
  readonly format: string
  readonly locator: string
}

/** What a text would be if it were of that format. */
export interface ClaimedFormat {
  readonly format: ForeignFormat
  readonly locator: string
  /** Every cost that hashes of the format have in this store. */
  readonly costs: readonly number[]
}

/** A text that is not native, with everything that it may be. Proves nothing. */
export interface ForeignClaim {
  readonly secret: Secret
  readonly formats: readonly [ClaimedFormat, ...ClaimedFormat[]]
}

/** A record that a text may belong to. Nothing is proven yet. */
export interface ForeignCandidate extends ForeignLocator {
  readonly verifier: string
  readonly cost: number
  readonly token: Token
}

/** What there is, with the change clock in the snapshot that it was read in. */
export interface ForeignReading extends ClockReading {
  /** At most one for each locator that was asked for. */
  readonly candidates: readonly ForeignCandidate[]
}

/** A format that tokens were imported of, and one cost of its hashes. */
export interface ImportedFormat {
  readonly format: string
  readonly cost: number
}

export interface NewForeignToken extends ForeignLocator, Pick<ForeignHash, 'verifier' | 'cost'> {
  /** Its digest is that of the text where this is known, else `foreignDigest`. */
  readonly token: NewToken
}

/** Throws `StoreUnavailable` when the store cannot tell. */
export interface ForeignRecord {
  /** All there ever were, once for each cost. A few rows. */
  formats(): Promise<readonly ImportedFormat[]>
  /** Whatever the state of the tokens. */
  find(locators: readonly ForeignLocator[]): Promise<ForeignReading>
  /**
   * All of them in one transaction, but for those whose locator is known already. A format or cost that is new moves
   * the change clock, so that every replica learns of it. Yields how many were added.
   */
  add(tokens: readonly NewForeignToken[], act: Act): Promise<number>
  /** Gives a token the digest of its text, which was proven, so that it is found like a native one. */
  rehash(tokenId: string, digest: Digest): Promise<void>
}
