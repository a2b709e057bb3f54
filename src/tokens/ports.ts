/**
 * What the gateway and its commands ask of a token store. PostgreSQL and SQLite adapters pass one contract
 * suite; the memory and Redis tiers decorate `TokenReader`.
 * @module
 */

import type { AuditTrail } from '../audit/audit-trail.ts'
import type { Act, Done } from '../audit/entry.ts'
import type { ForeignClaim, ForeignRecord } from './foreign/foreign-record.ts'
import type { KeyUse } from './keys/key-use.ts'
import type { Access, Bindings, Subject, SubjectKind, SubjectStatus, Token, TokenKind } from './token.ts'
import type { LoginRecord } from './upstream-logins/login-record.ts'

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

/** What the store's change clock shows in some snapshot. */
export interface ClockReading {
  /** Changes with a higher number may be missing from the snapshot. */
  readonly version: number
  /**
   * Names the line of commits that `version` counts: a server that takes the place of another may lack its last
   * commits, and begins a line of its own. Versions of two lines say nothing of each other. Left out by a store that
   * only ever has one.
   */
  readonly line?: string
}

/** A record together with the change clock in the snapshot that it was read in. */
export interface Reading extends ClockReading {
  /** `undefined`: the store answered, and no such token exists. */
  readonly token: Token | undefined
  /** The key of the ring that the record is under; left out when there is none, or its text was proven without a key. */
  readonly keyId?: string
}

/** The record that the gateway itself vouches for, in place of a text: the digests that go with it are `recordDigests`. */
export interface RecordClaim {
  readonly recordId: string
}

/** What besides digests may lead to a record. */
export type Claim = ForeignClaim | RecordClaim

/**
 * Finds the record of a presented credential, whatever its state: revoked and expired tokens are found too.
 * Throws `StoreUnavailable` when it cannot tell; it never reports a failure as «absent». Tiers hand `claim`, what a text
 * that is not native may be or whose record is meant, down to the reader that can tell; without it only digests count.
 */
export interface TokenReader {
  find(digests: Digests, claim?: Claim): Promise<Reading>
}

/** The same by the id of a record. What is no id finds nothing. */
export interface RecordReader {
  findById(id: string): Promise<Reading>
}

/** One change of what a token may do: of a single token, or of all tokens of a subject. Versions rise in commit order. */
export interface TokenChange {
  readonly version: number
  readonly tokenId: string | undefined
  readonly subjectId: string | undefined
  /** When its transaction changed something, by the store's clock, in milliseconds since the epoch. For people and metrics. */
  readonly changedAt: number
}

/**
 * A server that follows the store and may be behind it, or follow another one: each reading shows of which moment on
 * which line it is. Throws `StoreUnavailable` also when the server is no replica.
 */
export interface ReadReplica extends TokenReader, RecordReader {
  readClock(): Promise<ClockReading>
  /** Releases every connection. Idempotent. */
  close(): Promise<void>
}

/** The store's change clock, which replicas follow so that they drop what changed. */
export interface ChangeSource {
  /** The present version, on a line that no other server is on. */
  readClock(signal?: AbortSignal): Promise<ClockReading>
  /** Changes after `version` in rising order, at most `limit`. */
  changesAfter(version: number, limit: number, signal?: AbortSignal): Promise<readonly TokenChange[]>
}

/** What issuing needs; the id and the text are made by the store's caller, `issueToken`. Who made it when is the act's. */
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
  readonly expiresAt: number | undefined
  /** Only for kind `system`: the text sealed with the key ring, so that an operator can read it again. */
  readonly sealedText?: string
  /** The token it is derived from. It must be live, and must not expire before this one. */
  readonly parentId?: string
  /** The token whose place it takes; only `rotateToken` records it. */
  readonly rotatedFrom?: string
}

export type TokenFilter = {
  readonly state: 'active' | 'revoked' | 'expired' | 'all'
  readonly subject?: string
  readonly kind?: TokenKind
  /** Tokens that name this very value; one that covers all with `*` does not. */
  readonly binding?: Binding
  /** Tokens derived from this one, in one step. */
  readonly parentId?: string
  /** Tokens under this key of the ring: a condition that no index serves, and for which a page may read the whole record. */
  readonly keyId?: string
  readonly now: number
  readonly limit: number
  /** Id of the last token of the page before. */
  readonly after?: string
}

/** One value of one key of a token's bindings. */
export interface Binding {
  readonly key: string
  readonly value: string
}

/** Tokens that are revoked together: of one subject, of a binding that names this value, of one issuer, or every one. */
export type TokenGroup =
  | { readonly subjectId: string }
  | { readonly binding: Binding }
  | { readonly createdBy: string }
  | { readonly every: 'token' }

/** One token takes another's place. */
export interface Rotation {
  /** Must name the old one as `rotatedFrom`. */
  readonly next: NewToken
  /** From when on the old text is refused; an earlier expiry of its own stands. */
  readonly until: number
}

/** A subject that is to be made. */
export interface NewSubject {
  readonly id: string
  readonly name: string
  readonly kind: SubjectKind
}

/** The last use of a token within some interval. */
export interface TokenUse {
  readonly tokenId: string
  readonly at: number
  /** Coarse: a network rather than a host. */
  readonly address: string | undefined
}

/** What one replica does for all. */
export type ScheduledTask = 'purge'

/**
 * The life of tokens and subjects, for commands and the control plane; never on the path of a request. Whatever takes an
 * `Act` leaves an entry in the audit record in the same transaction, or does nothing; what changes nothing leaves none.
 * Throws when the store was opened without a key ring, which seals the entries.
 */
export interface TokenRegistry {
  /** What was done, by whom. */
  readonly audit: AuditTrail
  /** Tokens that another service made. */
  readonly foreign: ForeignRecord
  /** Logins of subjects at upstreams. */
  readonly logins: LoginRecord
  /** Throws `ParentUnfit` when `parentId` names no live token, or one that expires earlier; nothing is recorded then. */
  addToken(token: NewToken, act: Act): Promise<Token>
  /**
   * Newest first, then by id. A page costs little more than its rows, whatever the size of the record; where those in
   * the state asked for are rare in their group, what the group costs (docs/scale.md).
   */
  listTokens(filter: TokenFilter): Promise<readonly Token[]>
  showToken(id: string): Promise<Token | undefined>
  /**
   * Irreversible, and of all that was derived from the token too. `already` leaves the first revocation's who, when
   * and cause untouched. `derived` counts the derived ones that were live until now; only with `revoked`.
   */
  revokeToken(
    id: string,
    act: Act,
  ): Promise<{
    readonly outcome: 'revoked' | 'already' | 'unknown'
    readonly token?: Token
    readonly derived?: number
  }>
  /**
   * Revokes a whole group with all that was derived from it, and returns how many tokens were live until now. Works
   * in batches, each whole: a failure leaves the batches before it revoked, and another call goes on with the rest.
   */
  revokeTokens(group: TokenGroup, act: Act): Promise<number>
  /** How many tokens of a group are not revoked; what was derived from them and is not of the group is not counted. */
  countTokens(group: TokenGroup): Promise<number>
  /**
   * Records the new token and ends the old one, together with all that was derived from it, at `until`. `refused`
   * comes with the record as it is, from which the reason is read: revoked, rotated or expired.
   */
  rotateToken(
    id: string,
    rotation: Rotation,
    act: Act,
  ): Promise<
    | { readonly outcome: 'rotated'; readonly token: Token; readonly previous: Token }
    | { readonly outcome: 'refused'; readonly previous: Token }
    | { readonly outcome: 'unknown' }
  >
  /** Never moves a last use back; unknown tokens are passed over. Not a change: caches go on with what they hold. */
  recordUses(uses: readonly TokenUse[]): Promise<void>
  /** How many tokens were revoked or expired before `deadBefore`, without imported ones. */
  countDead(deadBefore: number): Promise<number>
  /**
   * Removes the records of tokens that were revoked or expired before `deadBefore`, in batches, and returns how
   * many. One stays as long as anything derived from it does, and an imported one for ever: it keeps an import that is
   * repeated from bringing the token back. Stops between two batches when told to.
   */
  purgeDead(deadBefore: number, act: Act, signal?: AbortSignal): Promise<number>
  /** The same for tokens of one kind that expired before `expiredBefore`, revoked or not. */
  purgeExpired(kind: TokenKind, expiredBefore: number, act: Act, signal?: AbortSignal): Promise<number>
  /** Removes changes recorded before `before`, in batches, and returns how many. Stops in the same way. */
  pruneChanges(before: number, signal?: AbortSignal): Promise<number>
  /**
   * Moves the change clock further on than it can have been, so that whatever was read before counts for nothing, in any
   * replica's memory and in Redis, and leaves an entry `record_recovered` with these details. For a record that was put
   * back to what it was earlier, whose clock would else come to the same versions again.
   */
  leapClock(act: Act, details: NonNullable<Done['details']>): Promise<void>
  /**
   * Whether the caller is to do a task now: no replica has begun it within `everyMs`, and for so long none but the caller
   * will be told to. By the clock of the store.
   */
  beginTask(task: ScheduledTask, everyMs: number): Promise<boolean>
  /**
   * For each key of the ring the tokens under it that may yet be used, those of disabled subjects included, and
   * without imported ones, which no key has part in until they are first presented; and the logins under it.
   * Reads the whole record, which takes seconds where that is large.
   */
  countByKey(now: number): Promise<readonly KeyUse[]>
  /** The live system token's record and sealed text, if one was created. */
  systemToken(): Promise<{ readonly token: Token; readonly sealedText: string } | undefined>

  /** `undefined` when a subject of that name exists already (not deleted). */
  addSubject(subject: NewSubject, act: Act): Promise<Subject | undefined>
  /** The subject of that name that is not deleted. */
  findSubject(name: string): Promise<Subject | undefined>
  listSubjects(filter: {
    readonly status?: SubjectStatus
    readonly limit: number
    readonly after?: string
  }): Promise<readonly Subject[]>
  /**
   * `undefined` when there is no such subject. Takes effect on every token of the subject; «deleted» for ever, and its
   * logins are removed with it.
   */
  setSubjectStatus(name: string, status: SubjectStatus, act: Act): Promise<Subject | undefined>
}

/** One whole store: a record of tokens, its change clock, and its own life. */
export interface TokenStore extends TokenReader, RecordReader, TokenRegistry, ChangeSource {
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

/** A token cannot be derived from one that is unknown, not live any more, or expires before it would. */
export class ParentUnfit extends Error {
  override readonly name = 'ParentUnfit'
}
