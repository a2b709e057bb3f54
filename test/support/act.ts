/**
 * Who acts, and what seals the record of it, in tests that are not about either.
 * @module
 */

import type { Act } from '../../src/audit/entry.ts'
import { parseKeyRing } from '../../src/tokens/keys/key-ring.ts'
import { newKeyRing } from '../../src/tokens/keys/key-ring-text.ts'

export function actAt(at: number): Act {
  return { at, by: 'test', origin: 'test', cause: '' }
}

export const anySealer = parseKeyRing(newKeyRing({ now: () => 0 }).reveal())
