/**
 * WebSockets, each message of which comes back before the next one is sent. A request is a message and its echo.
 * @module
 */

import { memoryHit } from './memory-hit.ts'
import type { Scenario } from './scenario.ts'

export const echo: Scenario = {
  ...memoryHit,
  name: 'echo',
  title: 'WebSocket echo of 128 bytes',
  needs: 'upgrade',
  upstream: 'node',
  traffic: { ...memoryHit.traffic, kind: 'websocket', bodyBytes: 128 },
  gateway: { route: { upgrade: { protocols: ['websocket'] } } },
  isPaced: false,
}
