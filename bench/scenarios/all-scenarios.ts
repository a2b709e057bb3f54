/**
 * Every scenario, in the order of tables.
 * @module
 */

import { downloads, uploads } from './bodies.ts'
import { condition } from './condition.ts'
import { echo } from './echo.ts'
import { memoryHit } from './memory-hit.ts'
import { ownerHeaders } from './owner-headers.ts'
import { redisHit } from './redis-hit.ts'
import type { Scenario } from './scenario.ts'
import { storeHit } from './store-hit.ts'
import { tenthRefused } from './tenth-refused.ts'
import { thousandConnections } from './thousand-connections.ts'
import { unknownToken } from './unknown-token.ts'

export const allScenarios: readonly Scenario[] = [
  memoryHit,
  redisHit,
  storeHit,
  condition,
  ownerHeaders,
  unknownToken,
  tenthRefused,
  ...downloads,
  ...uploads,
  echo,
  thousandConnections,
]
