/**
 * Stands in for the digest of an imported token until its text is first presented.
 * @module
 */

import { createHash } from 'node:crypto'
import type { Digest } from '../ports.ts'
import type { ForeignLocator } from './foreign-record.ts'

/** No key of a ring can have this id: nothing that is presented is looked up under it. */
export const foreignKeyId = '(foreign)'

/** Unique, because each locator is. */
export function foreignDigest({ format, locator }: ForeignLocator): Digest {
  const value = createHash('sha256').update(`${format}\n${locator}`).digest('base64url')
  return { keyId: foreignKeyId, value }
}
