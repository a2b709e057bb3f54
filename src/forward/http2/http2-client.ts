/**
 * The connections to one upstream over HTTP/2: so many at the most, each with as many requests as the upstream allows,
 * another one only when all are full, and a queue in the order of arrival. Nothing is sent twice here; whoever sends
 * again learns from `progress` what the upstream has done.
 * @module
 */

import { sweepMs } from '../deadline-sweep.ts'
import { type CallHolder, callThatIsOver, PooledCall } from '../pooled-call.ts'
import type { ResponseReceiver, UpstreamCall, UpstreamClient, UpstreamRequest } from '../upstream-client.ts'
import type { Place } from './dial.ts'
import { type ConnectionLimits, type ConnectionOwner, Http2Connection } from './http2-connection.ts'
import { Http2Error } from './http2-error.ts'
import { type RequestFields, requestFields } from './request-fields.ts'

export interface Http2Options extends ConnectionLimits {
  readonly place: Place
  readonly connections: number
  /** Requests that may wait although all connections are full. */
  readonly queue: number
}

/** The client of one upstream. It connects when the first request needs it. */
export class Http2Client implements UpstreamClient, CallHolder<RequestFields>, ConnectionOwner {
  readonly #options: Http2Options
  readonly #connecting = new Set<Http2Connection>()
  readonly #open = new Set<Http2Connection>()
  /** They take no more requests, and do not count. */
  readonly #leaving = new Set<Http2Connection>()
  /** In the order of arrival. */
  readonly #waiting = new Set<PooledCall<RequestFields>>()
  #sweeper: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(options: Http2Options) {
    this.#options = options
  }

  send(request: UpstreamRequest, receiver: ResponseReceiver): UpstreamCall {
    try {
      if (this.#isClosed) throw closing()
      const scheme = this.#options.place.tls === undefined ? 'http' : 'https'
      const call = new PooledCall(request, requestFields(request, scheme), receiver, performance.now())
      const connection = this.#waiting.size === 0 ? this.#leastBusy() : undefined
      if (connection === undefined) this.#wait(call)
      else connection.carry(call)
      return call
    } catch (error) {
      receiver.onFailure(error as Error)
      return callThatIsOver
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#sweeper)
    this.#failWaiting(this.#waiting.size, closing())
    await Promise.all(this.#connections().map((connection) => connection.destroy()))
  }

  pause(): void {
    // Nothing comes for a call that waits.
  }

  resume(): void {
    // Nor was anything held back.
  }

  abort(call: PooledCall<RequestFields>): void {
    this.#waiting.delete(call)
    call.holder = undefined
  }

  onRoom(connection: Http2Connection): void {
    if (this.#connecting.delete(connection)) this.#open.add(connection)
    for (const call of this.#waiting) {
      if (!connection.hasRoom()) break
      this.#waiting.delete(call)
      this.#carry(call, connection)
    }
    this.#connectForWaiting()
  }

  onLeaving(connection: Http2Connection): void {
    this.#connecting.delete(connection)
    this.#open.delete(connection)
    this.#leaving.add(connection)
    this.#connectForWaiting()
  }

  onGone(connection: Http2Connection, connectError: Error | undefined): void {
    this.#connecting.delete(connection)
    this.#open.delete(connection)
    this.#leaving.delete(connection)
    if (connectError !== undefined) {
      // While others get through, only the one fails for which the connection was to be made.
      this.#failWaiting(this.#open.size === 0 ? this.#waiting.size : 1, connectError)
    }
    this.#connectForWaiting()
  }

  #leastBusy(): Http2Connection | undefined {
    let best: Http2Connection | undefined
    for (const connection of this.#open) {
      if (connection.hasRoom() && (best === undefined || connection.load < best.load)) best = connection
    }
    return best
  }

  #carry(call: PooledCall<RequestFields>, connection: Http2Connection): void {
    try {
      connection.carry(call)
    } catch (error) {
      call.abort()
      call.receiver.onFailure(error as Error)
    }
  }

  #wait(call: PooledCall<RequestFields>): void {
    const { connections, streams, queue } = this.#options
    const roomToCome = (connections - this.#open.size) * streams
    if (this.#waiting.size >= queue + roomToCome) {
      throw new Http2Error('HTTP2_BUSY', `more than ${this.#waiting.size} requests wait`)
    }
    call.holder = this
    this.#waiting.add(call)
    this.#connectForWaiting()
  }

  #connectForWaiting(): void {
    const { place, connections, streams, timeouts } = this.#options
    const isNeeded = () => this.#waiting.size > this.#connecting.size * streams
    while (!this.#isClosed && isNeeded() && this.#open.size + this.#connecting.size < connections) {
      this.#connecting.add(new Http2Connection(place, this.#options, this))
    }
    this.#sweeper ??= setInterval(() => this.#sweep(), sweepMs(timeouts)).unref()
  }

  #failWaiting(count: number, error: Error): void {
    for (const call of [...this.#waiting].slice(0, count)) {
      call.abort()
      call.receiver.onFailure(error)
    }
  }

  #connections(): readonly Http2Connection[] {
    return [...this.#connecting, ...this.#open, ...this.#leaving]
  }

  #sweep(): void {
    const nowMs = performance.now()
    for (const connection of this.#connections()) connection.checkDeadline(nowMs)
    // Waiting for a connection is a part of waiting for an answer.
    for (const call of this.#waiting) {
      const { headers } = call.request.timeouts ?? this.#options.timeouts
      if (nowMs - call.begunAtMs < headers) continue
      call.abort()
      call.receiver.onFailure(new Http2Error('HTTP2_HEAD_TIMEOUT', 'no connection became free in time'))
    }
    if (this.#connections().length > 0 || this.#waiting.size > 0) return
    clearInterval(this.#sweeper)
    this.#sweeper = undefined
  }
}

function closing(): Http2Error {
  return new Http2Error('HTTP2_CLOSED', 'the gateway is closing')
}
