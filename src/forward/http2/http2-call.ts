/**
 * One request between the pool, which lets it wait, and the stream that carries it.
 * @module
 */

import type { CallProgress, ResponseReceiver, UpstreamCall, UpstreamRequest } from '../upstream-client.ts'
import type { RequestFields } from './request-fields.ts'

/** Who has a call in hand. */
export interface CallHolder {
  pause(): void
  resume(): void
  /** The receiver hears nothing more of the call. */
  abort(call: Http2Call): void
}

/** A request under way. */
export class Http2Call implements UpstreamCall {
  readonly request: UpstreamRequest
  readonly fields: RequestFields
  readonly receiver: ResponseReceiver
  /** Monotonic, in milliseconds. */
  readonly begunAtMs: number
  progress: CallProgress = 'unsent'
  /** Nobody, once the call is over. */
  holder: CallHolder | undefined

  constructor(
    request: UpstreamRequest,
    fields: RequestFields,
    receiver: ResponseReceiver,
    begunAtMs: number,
  ) {
    this.request = request
    this.fields = fields
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
