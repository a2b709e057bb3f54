/**
 * What forwarding needs of an HTTP client: one request goes out, one response comes back piece by piece, and
 * nothing is ever sent twice, unless the settings of the upstream allow it.
 * @module
 */

import type { Readable } from 'node:stream'
import type { ExchangeTrace } from '../request/exchange-trace.ts'

/** A request as it leaves. Header names and values in turn, with `Content-Length` where the length is known. */
export interface UpstreamRequest {
  readonly method: string
  /** Path and query. */
  readonly target: string
  readonly headers: readonly string[]
  /** The client's body, which is read as fast as the upstream takes it; never destroyed by the client. */
  readonly body: Readable | undefined
  /** The body waits to be asked for (RFC 9110 section 10.1.1): the upstream's word on it goes before it. */
  readonly expectsContinue: boolean
  /** In place of the client's own. */
  readonly timeouts?: RequestTimeouts
  /** The protocol that the upstream is asked to switch to; such a request takes a connection of its own. */
  readonly upgradeTo?: string
  /** Where it belongs, if that is traced. */
  readonly trace?: ExchangeTrace | undefined
}

/** How long an upstream may be silent, in milliseconds: before the head of its answer, and between two pieces of it. */
export interface RequestTimeouts {
  readonly headers: number
  readonly bodyIdle: number
}

/** How long connections to an upstream may take and last, in milliseconds; see `upstreams.*.timeouts`. */
export interface ConnectionTimeouts extends RequestTimeouts {
  readonly connect: number
  readonly keepAlive: number
}

/** The deadlines of a route, in milliseconds. */
export interface RouteTimeouts extends RequestTimeouts {
  /** From the request to the last byte of its answer. */
  readonly total: number | undefined
}

/** The head of an interim answer: a status from 102 to 199, and headers as in `UpstreamHead`. */
export type InterimHead = Pick<UpstreamHead, 'status' | 'headers'>

/** The head of a final response. Text is latin-1: one character for each byte. */
export interface UpstreamHead {
  readonly status: number
  readonly reason: string
  /** Names and values in turn, in the order and the case that they came in. */
  readonly headers: readonly string[]
  /** Bytes of the body, where the head says how many. */
  readonly bodyBytes: number | undefined
}

/**
 * Takes the response: a few `onInterim`, `onHead`, any number of `onData`, then `onEnd`; or, at any point,
 * `onFailure`, behind which nothing comes.
 */
export interface ResponseReceiver {
  /** From here on the body is read: whoever waits to be asked for it must be asked. Once, if `expectsContinue`. */
  onBodyWanted(): void
  onInterim(head: InterimHead): void
  onHead(head: UpstreamHead): void
  /** The bytes are good until this returns; what is kept of them has to be a copy. */
  onData(bytes: Buffer): void
  onEnd(): void
  /** `refusalOf` says what the error means to the client. */
  onFailure(error: Error): void
}

/**
 * How far a request came: nothing of it was written to a connection, or the upstream has said that it did nothing with
 * it, and its body was not begun; some of it may have been; or a byte came back.
 */
export type CallProgress = 'unsent' | 'sent' | 'answered'

/** A request under way, waiting for a connection included. */
export interface UpstreamCall {
  /** `undefined` where nobody can tell, which has to be taken for the worst. Still there when the call has failed. */
  readonly progress?: CallProgress | undefined
  /** Read no more of the response until `resume`. What was read already still comes. */
  pause(): void
  resume(): void
  /** Give up. The connection is closed, and the receiver hears nothing more. */
  abort(): void
}

/** The connections to one upstream. */
export interface UpstreamClient {
  /** Never throws. A failure may be reported before this returns. */
  send(request: UpstreamRequest, receiver: ResponseReceiver): UpstreamCall
  /** Break off what is under way and close every connection. */
  close(): Promise<void>
}
