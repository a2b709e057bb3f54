/**
 * The usual request from a thousand connections at once.
 * @module
 */

import { memoryHit } from './memory-hit.ts'
import type { Scenario } from './scenario.ts'

export const thousandConnections: Scenario = {
  ...memoryHit,
  name: 'thousand-connections',
  title: '1,000 connections',
  traffic: { ...memoryHit.traffic, connections: 1_000 },
  isPaced: false,
}
