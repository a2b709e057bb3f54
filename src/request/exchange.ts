/**
 * One request and its response, and what is noted of it for the log.
 *
 * Words used throughout: an *exchange* is one request with its response; the *canonical request* is the one
 * representation that is matched, decided on and forwarded; a *credential* is what the client presented; a
 * *token* is the record it resolves to; a *grant* is proof of authorization; a *refusal* is an expected «no».
 * @module
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TokenState } from '../tokens/token.ts'
import type { Refusal } from './refusal.ts'

/**
 * Why a request that had been let through was broken off: what became of its token, `unknown` when its record is gone,
 * `undecidable` when the store could not tell.
 */
export type Withdrawal = Exclude<TokenState, 'active'> | 'unknown' | 'undecidable'

/** What the stages learned, for the log line, the metrics and the audit. Holds no secret. */
export interface ExchangeNotes {
  route: string | undefined
  host: string | undefined
  path: string | undefined
  query: string | undefined
  clientAddress: string | undefined
  credentialScheme: string | undefined
  tokenId: string | undefined
  tokenKind: string | undefined
  subject: string | undefined
  /** The gateway answered it by itself. */
  isServed: boolean
  /** The refusal that was sent. */
  refusal: Refusal | undefined
  /** The refusal that shadow mode let pass: the first, where there were two. */
  shadowed: Refusal | undefined
  /** Why the exchange was broken off while it was under way. */
  withdrawal: Withdrawal | undefined
}

/** One request and its response. The Node objects are only for streaming: decisions read the raw fields. */
export class Exchange {
  readonly id: string
  readonly method: string
  /** Request target as it came, latin-1. */
  readonly target: string
  /** Names and values in turn, as they came, latin-1. */
  readonly rawHeaders: readonly string[]
  /** Address of the socket's other end. */
  readonly peer: string | undefined
  /** Scheme the client spoke. */
  readonly scheme: 'http' | 'https'
  readonly incoming: IncomingMessage
  readonly response: ServerResponse
  /** Monotonic, in milliseconds. */
  readonly startedAtMs: number
  readonly notes: ExchangeNotes = {
    route: undefined,
    host: undefined,
    path: undefined,
    query: undefined,
    clientAddress: undefined,
    credentialScheme: undefined,
    tokenId: undefined,
    tokenKind: undefined,
    subject: undefined,
    isServed: false,
    refusal: undefined,
    shadowed: undefined,
    withdrawal: undefined,
  }

  constructor(id: string, target: string, incoming: IncomingMessage, response: ServerResponse) {
    this.id = id
    this.method = incoming.method ?? ''
    this.target = target
    this.rawHeaders = incoming.rawHeaders
    this.peer = incoming.socket.remoteAddress
    this.scheme = 'encrypted' in incoming.socket ? 'https' : 'http'
    this.incoming = incoming
    this.response = response
    this.startedAtMs = performance.now()
  }
}
