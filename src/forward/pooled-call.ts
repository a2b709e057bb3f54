/**
 * One request between the pool, which lets it wait, and whatever carries it: a connection, or a stream of one.
 * @module
 */

import type { CallProgress, ResponseReceiver, UpstreamCall, UpstreamRequest } from './upstream-client.ts'

/** Who has a call in hand. `Head` is the head of a request as the protocol has it. */
export interface CallHolder<Head> {
  pause(): void
  resume(): void
  /** The receiver hears nothing more of the call. */
  abort(call: PooledCall<Head>): void
}

/** A request under way. */
export class PooledCall<Head> implements UpstreamCall {
  readonly request: UpstreamRequest
  readonly head: Head
  readonly receiver: ResponseReceiver
  /** Monotonic, in milliseconds. */
  readonly begunAtMs: number
  progress: CallProgress = 'unsent'
  /** Nobody, once the call is over. */
  holder: CallHolder<Head> | undefined

  constructor(request: UpstreamRequest, head: Head, receiver: ResponseReceiver, begunAtMs: number) {
    this.request = request
    this.head = head
    this.receiver = receiver
    this.begunAtMs = begunAtMs
  }

  pause(): void {
    this.holder?.pause()
  }

  resume(): void {
    this.holder?.resume()
  }

  abort(): void {
    this.holder?.abort(this)
  }
}

/** What whoever sends gets when the request has failed already. */
export const callThatIsOver: UpstreamCall = { pause() {}, resume() {}, abort() {} }
