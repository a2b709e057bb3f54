/**
 * Identifiers of tokens and subjects: UUIDv7, lower case, so that sorting by id is sorting by time of issue.
 * @module
 */

import { V7Generator } from 'uuidv7'
import type { Clock } from '../lib/clock.ts'

const generator = new V7Generator()

/** A new id; within one process later ones sort after earlier ones, in the same millisecond too. */
export function newRecordId(clock: Clock): string {
  return generator.generateOrResetWithTs(clock.now()).toString()
}

/** Whether a text from outside can be an id at all: a store is never asked about one that cannot. */
export function isRecordId(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)
}
