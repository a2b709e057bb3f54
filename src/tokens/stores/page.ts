/**
 * Checks what a caller asks of a list before a database sees it.
 * @module
 */

import { isRecordId } from '../record-id.ts'

const pageMax = 10_000

interface Page {
  readonly limit: number
  readonly after?: string
  readonly parentId?: string
}

/** Throws a `RangeError` when a page is not between 1 and 10,000 rows long or names a row by what is no id. */
export function checkPage({ limit, after, parentId }: Page): void {
  if (!Number.isInteger(limit) || limit < 1 || limit > pageMax) {
    throw new RangeError(`a page has 1 to ${pageMax} rows`)
  }
  if (after !== undefined && !isRecordId(after)) {
    throw new RangeError('a page begins after the id of a row')
  }
  if (parentId !== undefined && !isRecordId(parentId)) throw new RangeError('a parent is named by its id')
}
