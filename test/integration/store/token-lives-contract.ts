/**
 * What every token store guarantees of how tokens come of each other and end. Each adapter runs all of it on the
 * real thing.
 * @module
 */

import type { Test } from 'tap'
import type { NewDatabase } from './contract-database.ts'
import { testDeriving } from './derive-contract.ts'
import { testGroups } from './group-contract.ts'
import { testPurging } from './purge-contract.ts'
import { testRotation } from './rotate-contract.ts'

/** Runs every guarantee against databases that `newDatabase` makes. */
export function testTokenLives(t: Test, newDatabase: NewDatabase): void {
  testDeriving(t, newDatabase)
  testRotation(t, newDatabase)
  testGroups(t, newDatabase)
  testPurging(t, newDatabase)
}
