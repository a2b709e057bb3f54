/**
 * What look-ups of tokens of other services make of their rows, in either database.
 * @module
 */

import type { ForeignReading, ImportedFormat } from '../foreign/foreign-record.ts'
import { readClockReading } from './reading.ts'
import { readToken, type StoredForms } from './stored-token.ts'
import { type StoredRow, textIn, versionIn } from './stored-value.ts'

/** One row for each candidate, each with the version of the change clock; with nulls where there is none. */
export function readForeignReading(rows: readonly StoredRow[], forms: StoredForms): ForeignReading {
  const found = rows.filter((row) => row.id !== null)
  return {
    ...readClockReading(rows),
    candidates: found.map((row) => ({
      ...readImportedFormat(row),
      locator: textIn(row, 'locator'),
      verifier: textIn(row, 'verifier'),
      token: readToken(row, forms),
    })),
  }
}

export function readImportedFormat(row: StoredRow): ImportedFormat {
  return { format: textIn(row, 'format'), cost: versionIn(row, 'cost') }
}
