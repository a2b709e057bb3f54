/**
 * Nothing but one token that is of nobody: what 401 costs.
 * @module
 */

import { memoryHit } from './memory-hit.ts'
import type { Scenario } from './scenario.ts'

export const unknownToken: Scenario = {
  ...memoryHit,
  name: 'unknown-token',
  title: 'unknown token, 401',
  needs: 'decide',
  traffic: { ...memoryHit.traffic, refusedShare: 1 },
  tokens: { ...memoryHit.tokens, unknown: 1 },
  isPaced: false,
}
