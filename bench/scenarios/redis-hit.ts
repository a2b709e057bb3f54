/**
 * Tokens that memory is too small to hold, and Redis has all of: each request asks it once.
 * @module
 */

import { memoryHit } from './memory-hit.ts'
import type { Scenario } from './scenario.ts'

export const redisHit: Scenario = {
  ...memoryHit,
  name: 'redis-hit',
  title: 'token from Redis',
  needs: 'rules',
  package: 'redis-server',
  tokens: { ...memoryHit.tokens, count: 1_000 },
  gateway: { memoryEntries: 10, hasRedis: true },
  isPaced: false,
}
