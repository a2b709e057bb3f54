/**
 * What the gRPC doors need of whoever decides: a question, and an answer that comes in any case.
 * @module
 */

import type { Grant } from '../../authorize/grant.ts'
import type { Refusal } from '../../request/refusal.ts'
import type { HeaderPairs } from '../../rewrite/identity-headers.ts'

/** One request as the asking proxy got it. */
export interface AskedRequest {
  readonly method: string
  /** As it stood on the request line, latin-1. */
  readonly target: string
  /** Names and values in turn, `host` among them, latin-1. */
  readonly rawHeaders: readonly string[]
  /** Address of the proxy's own peer. */
  readonly peer: string
  /** Scheme the client spoke to the proxy. */
  readonly scheme: 'http' | 'https'
}

/** What is to go up, told apart from what the proxy has. */
export interface Rewriting {
  readonly target: string
  readonly isTargetSame: boolean
  /** By names in lower case. */
  readonly lines: ReadonlyMap<string, readonly string[]>
  /** Names whose lines are not those that the client sent. One without lines is to be removed. */
  readonly changed: readonly string[]
}

export interface Allowed {
  readonly kind: 'allowed'
  readonly granted: { readonly grant: Grant }
  readonly rewriting: Rewriting
  /** The name of the route. */
  readonly route: string
  /** To be called once: the proxy has been told all that it asks for. */
  close(): void
}

export interface Refused {
  readonly kind: 'refused'
  readonly status: number
  /** For the client. */
  readonly headers: HeaderPairs
  readonly body: string
}

export type Answer = Allowed | Refused

/** Who asks, and what can be told there. */
export interface Asker {
  readonly proxy: string
  readonly door: 'ext-authz'
  /** Why what is to go up is more than this proxy can be told to send. */
  problemOf(rewriting: Rewriting): Refusal | undefined
}

export interface Question {
  /** Never rejects. */
  readonly answered: Promise<Answer>
  /** Nobody waits for the answer any more. */
  abandon(): void
}

export interface Desk {
  /** A refusal stands for a question that could not be read. */
  ask(asked: AskedRequest | Refusal, asker: Asker): Question
}
