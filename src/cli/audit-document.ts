/**
 * An entry of the audit record as commands show it.
 * @module
 */

import { decodeEntry } from '../audit/entry.ts'
import type { StoredEntry } from '../audit/verify-chain.ts'
import { counted } from './counted.ts'
import { printable } from './terminal.ts'

/** For `--json`. `entry` is null where the text is none: `audit verify` says more. */
export function entryDocument({ seq, hash, entry }: StoredEntry) {
  return { seq, hash, entry: decodeEntry(entry) === undefined ? null : JSON.parse(entry) }
}

/** For people: when, what, to what, by whom, whence and why. */
export function entryLine({ seq, entry: text }: StoredEntry): string {
  const entry = decodeEntry(text)
  if (entry === undefined) return `${seq}  unreadable: run «sallyport audit verify»`
  const { at, deed, by, origin, cause, tokenId, tokenIds, subjectId, details } = entry
  const told = [
    tokenId ?? (tokenIds.length === 0 ? subjectId : null),
    tokenIds.length === 0 ? null : `${tokenId === null ? '' : 'and '}${counted(tokenIds.length, 'token')}`,
    ...Object.entries(details).map(([name, value]) => `${name}=${value}`),
    `by ${by} (${origin})`,
    cause === '' ? null : `«${cause}»`,
  ]
  const line = [seq, new Date(at).toISOString(), deed, ...told.filter((part) => part !== null)]
  return printable(line.join('  '))
}
