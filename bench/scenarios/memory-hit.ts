/**
 * The usual request: a token that is known from memory, a small answer. All others differ from it in what they say.
 * @module
 */

import { plainTraffic } from '../load/traffic.ts'
import type { Scenario } from './scenario.ts'

export const memoryHit: Scenario = {
  name: 'memory-hit',
  title: 'token from memory',
  needs: 'forward',
  upstream: 'fastest',
  traffic: plainTraffic,
  tokens: { count: 1, unknown: 0, isOwner: false },
  gateway: {},
  isPaced: true,
}
