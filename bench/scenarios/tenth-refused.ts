/**
 * Every tenth request has a token that is of nobody.
 * @module
 */

import { memoryHit } from './memory-hit.ts'
import type { Scenario } from './scenario.ts'

export const tenthRefused: Scenario = {
  ...memoryHit,
  name: 'tenth-refused',
  title: 'every tenth refused',
  needs: 'decide',
  traffic: { ...memoryHit.traffic, refusedShare: 0.1 },
  tokens: { ...memoryHit.tokens, count: 10, unknown: 1 },
  isPaced: false,
}
