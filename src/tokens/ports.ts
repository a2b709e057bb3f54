/**
 * What the gateway and its commands ask of a token store. PostgreSQL and SQLite adapters pass one contract
 * suite; the memory and Redis tiers decorate `TokenReader`.
 * @module
 */

import type { Secret } from '../lib/secret.ts'
import type { Access, Bindings, Subject, SubjectKind, SubjectStatus, Token, TokenKind } from './token.ts'

/**
 * HMAC-SHA-256 of a token text under one key of the ring: the only form in which a presented credential
 * is looked up, cached or stored.
 */
export interface Digest {
  readonly keyId: string
  /** 43 characters of base64url. */
  readonly value: string
}

/**
 * The digests of one presented text, one for each key of the ring, the current key's first. The first one's
 * `value` is the cache key.
 */
export type Digests = readonly [Digest, ...Digest[]]

/** A record together with the version of the store's change clock that it was read at. */
export interface Reading {
  /** `undefined`: the store answered, and no such token exists. */
  readonly token: Token | undefined
  /** The change clock in the snapshot that the record was read in: changes with a higher number may be missing. */
  readonly version: number
}

/**
 * Finds the record of a presented credential, whatever its state: revoked and expired tokens are found too.
 * Throws `StoreUnavailable` when it cannot tell; it never reports a failure as «absent».
 */
export interface TokenReader {
  find(digests: Digests): Promise<Reading>
}

/** One change of what a token may do: of a single token, or of all tokens of a subject. Versions rise in commit order. */
export interface TokenChange {
  readonly version: number
  readonly tokenId: string | undefined
  readonly subjectId: string | undefined
}

/** The store's change clock, which replicas follow so that they drop what changed. */
export interface ChangeSource {
  /** The present version. */
  currentVersion(signal?: AbortSignal): Promise<number>
  /** Changes after `version` in rising order, at most `limit`. */
  changesAfter(version: number, limit: number, signal?: AbortSignal): Promise<readonly TokenChange[]>
}

/** What issuing needs; the id, the text and the times are made by the store's caller, `issueToken`. */
export interface NewToken {
  readonly id: string
  readonly digest: Digest
  readonly kind: TokenKind
  readonly subjectId: string
  readonly scopes: readonly string[]
  readonly bindings: Bindings
  readonly access: Access
  readonly networks: readonly string[] | undefined
  readonly paths: readonly string[] | undefined
  readonly description: string
  readonly createdAt: number
  readonly createdBy: string
  readonly expiresAt: number | undefined
  /** Only for kind `system`: the text sealed with the key ring, so that an operator can read it again. */
  readonly sealedText?: string
}

export type TokenFilter = {
  readonly state: 'active' | 'revoked' | 'expired' | 'all'
  readonly subject?: string
  readonly kind?: TokenKind
  readonly now: number
  readonly limit: number
  /** Id of the last token of the page before. */
  readonly after?: string
}

/** The life of tokens and subjects, for commands and the control plane; never on the path of a request. */
export interface TokenRegistry {
  addToken(token: NewToken): Promise<Token>
  /** Newest first, then by id. */
  listTokens(filter: TokenFilter): Promise<readonly Token[]>
  showToken(id: string): Promise<Token | undefined>
  /** Irreversible. `already` leaves the first revocation's who, when and cause untouched. */
  revokeToken(
    id: string,
    act: { readonly at: number; readonly by: string; readonly cause: string },
  ): Promise<{ readonly outcome: 'revoked' | 'already' | 'unknown'; readonly token?: Token }>
  /** The live system token's record and sealed text, if one was created. */
  systemToken(): Promise<{ readonly token: Token; readonly sealedText: string } | undefined>

  /** `undefined` when a subject of that name exists already (not deleted). */
  addSubject(subject: {
    readonly id: string
    readonly name: string
    readonly kind: SubjectKind
    readonly createdAt: number
  }): Promise<Subject | undefined>
  /** The subject of that name that is not deleted. */
  findSubject(name: string): Promise<Subject | undefined>
  listSubjects(filter: {
    readonly status?: SubjectStatus
    readonly limit: number
    readonly after?: string
  }): Promise<readonly Subject[]>
  /** `undefined` when there is no such subject. Takes effect on every token of the subject. */
  setSubjectStatus(name: string, status: 'active' | 'disabled'): Promise<Subject | undefined>
}

/** One whole store: a record of tokens, its change clock, and its own life. */
export interface TokenStore extends TokenReader, TokenRegistry, ChangeSource {
  /** Which adapter this is, for logs and metrics. */
  readonly technology: 'postgres' | 'sqlite'
  /** Resolves when a trivial question is answered within the deadline; throws `StoreUnavailable` otherwise. */
  ping(): Promise<void>
  /** Releases every connection. Idempotent. */
  close(): Promise<void>
}

/** The store (or a tier in front of it) cannot answer: the request is refused with 503, never with 401. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable'
}

/** What minting yields: the text, shown once, and what is kept of it. */
export interface MintedToken {
  readonly text: Secret
  readonly digest: Digest
}
