/**
 * One of the places where a service listens: its own connections, what is under way there, and how it is.
 * @module
 */

import type { UpstreamClient } from '../upstream-client.ts'
import type { TargetHealth } from './target-health.ts'

export interface Target {
  /** As the settings have it. */
  readonly url: string
  readonly client: UpstreamClient
  readonly health: TargetHealth
  /** Requests under way or waiting there. */
  outstanding: number
}
