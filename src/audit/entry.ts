/**
 * One entry of the audit record, and the one text that it has. The text is what is stored, hashed and exported: two
 * entries that differ in anything have different texts, and only the text of an entry reads as one.
 * @module
 */

/** Who acts, when, whence and why. */
export interface Act {
  /** Milliseconds since the epoch, by the clock of whoever acts. */
  readonly at: number
  /** Who claims to act: `cli:alice`, the name given with `--by`, a subject, or the gateway itself. */
  readonly by: string
  /** Whence, as the program itself saw it: `cli:alice@host1`, `gateway:host2`. */
  readonly origin: string
  /** In the words of whoever acts; empty when none were given. */
  readonly cause: string
}

/** Everything that is recorded. Words are never renamed, because entries are never rewritten. */
export const deeds = [
  'token_issued',
  'token_derived',
  'token_rotated',
  'token_revoked',
  'tokens_revoked',
  'tokens_imported',
  'tokens_purged',
  'system_token_made',
  'subject_added',
  'subject_enabled',
  'subject_disabled',
  'subject_deleted',
  'login_kept',
  'login_removed',
  'login_refused',
  'key_staged',
  'key_rotated',
  'key_retired',
  'audit_pruned',
  'record_recovered',
] as const
export type Deed = (typeof deeds)[number]

/** What was done, and to what. Ids and plain facts, never a text of a token or a digest. */
export interface Done {
  readonly deed: Deed
  readonly subjectId?: string
  /** The token that the act is about, by which its entries are found. */
  readonly tokenId?: string
  /** Further tokens that it did the same to, or the one that came of it. */
  readonly tokenIds?: readonly string[]
  /** Whole numbers and words that belong to the deed. */
  readonly details?: Readonly<Record<string, string | number>>
}

/** An act in its place in the chain. */
export interface AuditEntry extends Act {
  /** 1, 2, 3, … without a gap. */
  readonly seq: number
  readonly deed: Deed
  readonly subjectId: string | null
  readonly tokenId: string | null
  readonly tokenIds: readonly string[]
  readonly details: Readonly<Record<string, string | number>>
  /** Id of the key of the ring that this entry is sealed with. */
  readonly key: string
  /** Hash of the entry before this one; empty for the first. */
  readonly previous: string
  /** SHA-256 of the seal of the entry before, as hex. The seal itself is nowhere any more. */
  readonly sealed: string
}

/** One line of JSON with its fields in a fixed order. Throws a `RangeError` for a number that JSON would not give back. */
export function encodeEntry(entry: AuditEntry): string {
  const { seq, at, deed, by, origin, cause, subjectId, tokenId, tokenIds, details, key, previous, sealed } =
    entry
  const numbers = [seq, at, ...Object.values(details).filter((value) => typeof value === 'number')]
  if (!numbers.every((value) => Number.isSafeInteger(value) && !Object.is(value, -0))) {
    throw new RangeError('an entry of the audit record counts in whole numbers')
  }
  return JSON.stringify({
    seq,
    at: new Date(at).toISOString(),
    deed,
    by,
    origin,
    cause,
    subjectId,
    tokenId,
    tokenIds,
    details,
    key,
    previous,
    sealed,
  })
}

/** The entry of a text, or `undefined` when `encodeEntry` cannot have written it. Takes hostile text. */
export function decodeEntry(text: string): AuditEntry | undefined {
  try {
    const entry = { ...JSON.parse(text) }
    const read: AuditEntry = { ...entry, at: Date.parse(entry.at) }
    return hasItsFields(read) && encodeEntry(read) === text ? read : undefined
  } catch {
    return undefined
  }
}

/** What re-encoding alone would let pass: JSON of another shape under the same names. */
function hasItsFields(entry: Readonly<Record<keyof AuditEntry, unknown>>): boolean {
  const { seq, deed, by, origin, cause, subjectId, tokenId, tokenIds, details, key, previous, sealed } = entry
  const isText = (value: unknown) => typeof value === 'string'
  return (
    typeof seq === 'number' &&
    deeds.some((known) => known === deed) &&
    [by, origin, cause, key, previous, sealed].every(isText) &&
    [subjectId, tokenId].every((id) => id === null || isText(id)) &&
    Array.isArray(tokenIds) &&
    tokenIds.every(isText) &&
    typeof details === 'object' &&
    details !== null &&
    !Array.isArray(details) &&
    Object.values(details).every((value) => isText(value) || typeof value === 'number')
  )
}
