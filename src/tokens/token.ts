/**
 * The stored record that a credential resolves to, and the subject it acts for.
 * @module
 */

/** What a token is for. `dsn`, `session`, `system` and `admin` are admitted only by routes that name them. */
export const tokenKinds = [
  'personal',
  'group',
  'deploy',
  'build',
  'organization',
  'dsn',
  'system',
  'session',
  'admin',
] as const
export type TokenKind = (typeof tokenKinds)[number]

/** What a token may do on what it is bound to, weakest first. */
export const accessLevels = ['none', 'read-only', 'read-write', 'owner'] as const
export type Access = (typeof accessLevels)[number]

export const subjectKinds = ['user', 'group', 'project', 'organization', 'service', 'system'] as const
export type SubjectKind = (typeof subjectKinds)[number]
export type SubjectStatus = 'active' | 'disabled' | 'deleted'

/** Whom a token acts for. */
export interface Subject {
  /** UUID. A deleted subject keeps its id; a later one of the same name gets another. */
  readonly id: string
  /** Unique among subjects that are not deleted, for example `test:tester`. */
  readonly name: string
  readonly kind: SubjectKind
  readonly status: SubjectStatus
  /** Milliseconds since the epoch. */
  readonly createdAt: number
}

/** What a token is tied to: for each key the values it covers. The value `*` covers all. */
export type Bindings = Readonly<Record<string, readonly string[]>>

/** All that deciding needs to know of a token. Times are in milliseconds since the epoch. Never the text, never a digest. */
export interface Token {
  /** UUIDv7: sorts by time of issue. */
  readonly id: string
  readonly kind: TokenKind
  readonly subject: Subject
  readonly scopes: readonly string[]
  readonly bindings: Bindings
  readonly access: Access
  /** CIDR blocks it may be used from; `undefined` means anywhere, an empty list nowhere. */
  readonly networks: readonly string[] | undefined
  /** Path prefixes it covers, whole segments each (`/v1/a` covers `/v1/a` and `/v1/a/b`); `undefined` means all, an empty list none. */
  readonly paths: readonly string[] | undefined
  readonly description: string
  readonly createdAt: number
  readonly createdBy: string
  readonly expiresAt: number | undefined
  readonly lastUsedAt: number | undefined
  /** Whence it was last used, as coarse as it was recorded: a network rather than a host. */
  readonly lastUsedAddress: string | undefined
  readonly revokedAt: number | undefined
  readonly revokedBy: string | undefined
  readonly revokedCause: string | undefined
  /** The token it was derived from, and is revoked with. */
  readonly parentId: string | undefined
  /** The token whose place it took; the record of that one may have been purged since. */
  readonly rotatedFrom: string | undefined
  /** The token that took its place; the record of that one may have been purged since. */
  readonly rotatedTo: string | undefined
}

export type TokenState = 'active' | 'expired' | 'revoked' | 'subject-disabled' | 'subject-deleted'

/** Judged at the moment of use, after every cache. A token is expired from the millisecond `expiresAt` on. */
export function tokenState(token: Token, now: number): TokenState {
  if (token.revokedAt !== undefined) return 'revoked'
  if (token.subject.status === 'deleted') return 'subject-deleted'
  if (token.subject.status === 'disabled') return 'subject-disabled'
  if (token.expiresAt !== undefined && now >= token.expiresAt) return 'expired'
  return 'active'
}
