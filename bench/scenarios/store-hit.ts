/**
 * Tokens that no cache holds: each request asks the store once.
 * @module
 */

import { memoryHit } from './memory-hit.ts'
import type { Scenario } from './scenario.ts'

export const storeHit: Scenario = {
  ...memoryHit,
  name: 'store-hit',
  title: 'token from the store',
  needs: 'rules',
  tokens: { ...memoryHit.tokens, count: 1_000 },
  gateway: { memoryEntries: 10, hasPostgres: true },
  isPaced: false,
}
