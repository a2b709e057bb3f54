/**
 * What is compared: a server in front of the upstream, started once and loaded in turn with the others.
 * @module
 */

import type { Scope, Server } from '../../test/support/private-server.ts'
import type { Header } from '../load.ts'

export interface Subject {
  readonly name: string
  /** Starts it in front of the upstream; it is stopped with the scope. */
  start(upstream: Server, scope: Scope): Promise<RunningSubject>
}

export interface RunningSubject {
  readonly url: string
  readonly pid: number
  /** What every request carries. */
  readonly headers: readonly Header[]
}
