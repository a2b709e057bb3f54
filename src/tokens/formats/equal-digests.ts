/**
 * Compares a computed hash with a stored one.
 * @module
 */

import { timingSafeEqual } from 'node:crypto'

/** Constant time for hashes of one length; a stored one of another length is never equal. */
export function equalDigests(computed: Buffer, stored: string, encoding: 'hex' | 'base64'): boolean {
  const bytes = Buffer.from(stored, encoding)
  return bytes.length === computed.length && timingSafeEqual(bytes, computed)
}
