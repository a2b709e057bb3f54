/**
 * What every token store guarantees, whatever it is made of. Each adapter's test file runs all of it on the
 * real thing.
 * @module
 */

import type { Test } from 'tap'
import { testChanges } from './change-contract.ts'
import type { NewDatabase } from './contract-database.ts'
import { testFinding } from './find-contract.ts'
import { testRegistry } from './registry-contract.ts'
import { testSystemToken } from './system-token-contract.ts'

/** Runs every guarantee against databases that `newDatabase` makes. */
export function testTokenStore(t: Test, newDatabase: NewDatabase): void {
  testFinding(t, newDatabase)
  testChanges(t, newDatabase)
  testRegistry(t, newDatabase)
  testSystemToken(t, newDatabase)
}
