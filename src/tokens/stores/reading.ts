/**
 * What a look-up by digest makes of its rows, in either database.
 * @module
 */

import { timingSafeEqual } from 'node:crypto'
import { foreignKeyId } from '../foreign/foreign-digest.ts'
import type { ClockReading, Digests, Reading } from '../ports.ts'
import { readToken, type StoredForms } from './stored-token.ts'
import { fail, type StoredRow, textIn, versionIn } from './stored-value.ts'

/**
 * One row for the version of the change clock, with the record that was found, or nulls. Two records for
 * one credential would leave open which of them decides: that throws.
 */
export function readReading(rows: readonly StoredRow[], digests: Digests, forms: StoredForms): Reading {
  const clock = readClockReading(rows)
  const [row, another] = rows
  if (another !== undefined) throw new Error('the store holds two records for one credential')
  if (row === undefined || row.id === null || !isPresented(row, digests))
    return { ...clock, token: undefined }
  return { ...clock, token: readToken(row, forms), keyId: textIn(row, 'key_id') }
}

/** What a look-up by id makes of its rows. A record of another service, as it was imported, is under no key. */
export function readReadingById(rows: readonly StoredRow[], forms: StoredForms): Reading {
  const clock = readClockReading(rows)
  const [row] = rows
  if (row === undefined || row.id === null) return { ...clock, token: undefined }
  const keyId = textIn(row, 'key_id')
  return { ...clock, token: readToken(row, forms), ...(keyId !== foreignKeyId && { keyId }) }
}

/** The change clock from the one row that holds it, or the first of several that show the same. */
export function readClockReading([row]: readonly StoredRow[]): ClockReading {
  if (row === undefined) throw new Error('the store has lost its change clock')
  const version = versionIn(row, 'version')
  return row.line === undefined ? { version } : { version, line: textIn(row, 'line') }
}

/**
 * An index compares byte by byte and may take longer the more of a digest is right; what was found is
 * therefore compared once more, in constant time and in full.
 */
function isPresented(row: StoredRow, digests: Digests): boolean {
  const { digest: stored } = row
  if (!(stored instanceof Uint8Array)) return fail('digest')
  const keyId = textIn(row, 'key_id')
  return digests.some((presented) => {
    const value = digestBytes(presented.value)
    return presented.keyId === keyId && value.length === stored.length && timingSafeEqual(value, stored)
  })
}

/** The 32 bytes of a digest as it is stored. */
export function digestBytes(value: string): Buffer {
  return Buffer.from(value, 'base64url')
}
