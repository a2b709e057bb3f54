/**
 * Checks what a caller asks of a list before a database sees it.
 * @module
 */

import { isRecordId } from './record-id.ts'

const pageMax = 10_000

/** Throws a `RangeError` when a page is not between 1 and 10,000 rows long or does not begin at an id. */
export function checkPage({ limit, after }: { readonly limit: number; readonly after?: string }): void {
  if (!Number.isInteger(limit) || limit < 1 || limit > pageMax) {
    throw new RangeError(`a page has 1 to ${pageMax} rows`)
  }
  if (after !== undefined && !isRecordId(after)) {
    throw new RangeError('a page begins after the id of a row')
  }
}
