/**
 * What is compared: a server in front of the upstream, started once and loaded in turn with the others.
 * @module
 */

import type { Scope, Server } from '../../test/support/private-server.ts'
import type { Ability, Scenario } from '../scenarios/scenario.ts'
import type { Credentials } from './credentials.ts'

export interface Subject {
  /** On the command line. */
  readonly name: string
  /** In tables. */
  readonly title: string
  readonly can: readonly Ability[]
  /** The Debian package that it needs; it is left out where that is missing. */
  readonly package?: 'nginx'
  /** Starts it in front of the upstream; it is stopped with the scope. */
  start(stage: Stage, scope: Scope): Promise<RunningSubject>
}

/** Where a subject is put. */
export interface Stage {
  readonly upstream: Server
  readonly scenario: Scenario
  readonly credentials: Credentials
}

export interface RunningSubject {
  readonly url: string
  /** Of every process that is its own, without their descendants. */
  readonly pids: readonly number[]
}
