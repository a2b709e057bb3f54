/**
 * What is asked of the subjects, and under which conditions.
 * @module
 */

import type { Configuration } from '../gateway-process.ts'
import type { Traffic } from '../load/traffic.ts'
import type { UpstreamKind } from '../upstream/upstream.ts'

/** What a subject must be able to do to be measured in a scenario. */
export type Ability = 'forward' | 'upgrade' | 'decide' | 'rules'

export interface Scenario {
  /** On the command line. */
  readonly name: string
  /** In tables. */
  readonly title: string
  readonly needs: Ability
  /** The Debian package that it needs; it is left out where that is missing. */
  readonly package?: 'redis-server'
  readonly upstream: UpstreamKind
  /** Tokens are added. */
  readonly traffic: Omit<Traffic, 'tokens'>
  readonly tokens: {
    readonly count: number
    /** Of these, the last ones are of nobody. */
    readonly unknown: number
    readonly isOwner: boolean
  }
  readonly gateway: GatewayConditions
  /** Whether latency at half load is measured too. */
  readonly isPaced: boolean
}

/** How the gateway differs from its defaults. */
export interface GatewayConditions {
  readonly route?: Partial<Configuration['routes'][number]>
  /** Entries of its memory; as many as by default unless given. */
  readonly memoryEntries?: number
  readonly hasRedis?: boolean
  /** PostgreSQL where it is installed; SQLite unless given. */
  readonly hasPostgres?: boolean
}
