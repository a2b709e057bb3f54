/**
 * The connections to one plain-HTTP upstream: so many at the most, the one that was used last first, and a
 * queue in the order of arrival. Nothing is pipelined, and nothing is sent twice: a request that was written
 * to a connection which then turned out dead fails, because nobody knows what became of it.
 * @module
 */

import type { Address } from '../address.ts'
import { sweepMs } from '../deadline-sweep.ts'
import { type CallHolder, callThatIsOver, PooledCall } from '../pooled-call.ts'
import type {
  ConnectionTimeouts,
  ResponseReceiver,
  UpstreamCall,
  UpstreamClient,
  UpstreamRequest,
} from '../upstream-client.ts'
import { type ConnectionOwner, Http1Connection } from './http1-connection.ts'
import { Http1Error } from './http1-error.ts'
import { type RequestHead, requestHead } from './request-head.ts'

export interface Http1Options {
  readonly address: Address
  readonly connections: number
  readonly timeouts: ConnectionTimeouts
}

/** The client of one upstream. It connects when the first request needs it. */
export class Http1Client implements UpstreamClient, CallHolder<RequestHead>, ConnectionOwner {
  readonly #options: Http1Options
  readonly #open = new Set<Http1Connection>()
  readonly #connecting = new Set<Http1Connection>()
  /** A stack: what is seldom used gets to be idle for long, and is closed. */
  readonly #idle: Http1Connection[] = []
  /** In the order of arrival. */
  readonly #waiting = new Set<PooledCall<RequestHead>>()
  #sweeper: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(options: Http1Options) {
    this.#options = options
  }

  send(request: UpstreamRequest, receiver: ResponseReceiver): UpstreamCall {
    const nowMs = performance.now()
    try {
      if (this.#isClosed) throw closing()
      const call = new PooledCall(request, requestHead(request), receiver, nowMs)
      const connection = this.#takeIdle(nowMs)
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
    await Promise.all([...this.#open].map((connection) => connection.destroy()))
  }

  pause(): void {
    // Nothing comes for a call that waits.
  }

  resume(): void {
    // Nor was anything held back.
  }

  abort(call: PooledCall<RequestHead>): void {
    this.#waiting.delete(call)
    call.holder = undefined
  }

  onConnected(connection: Http1Connection): void {
    this.#connecting.delete(connection)
    this.onFree(connection)
  }

  onFree(connection: Http1Connection): void {
    const next = this.#oldestWaiting()
    if (next === undefined) {
      this.#idle.push(connection)
      return
    }
    this.#waiting.delete(next)
    connection.carry(next)
  }

  onGone(connection: Http1Connection, connectError: Error | undefined): void {
    this.#open.delete(connection)
    this.#connecting.delete(connection)
    const index = this.#idle.lastIndexOf(connection)
    if (index !== -1) this.#idle.splice(index, 1)
    if (connectError !== undefined) {
      // While others get through, only the one fails for which the connection was to be made.
      const isOutOfReach = this.#open.size === this.#connecting.size
      this.#failWaiting(isOutOfReach ? this.#waiting.size : 1, connectError)
    }
    this.#connectForWaiting()
  }

  #takeIdle(nowMs: number): Http1Connection | undefined {
    for (let connection = this.#idle.pop(); connection !== undefined; connection = this.#idle.pop()) {
      if (connection.isUsable(nowMs)) return connection
      connection.abort()
    }
    return undefined
  }

  #wait(call: PooledCall<RequestHead>): void {
    call.holder = this
    this.#waiting.add(call)
    this.#connectForWaiting()
  }

  #connectForWaiting(): void {
    const { address, timeouts, connections } = this.#options
    while (!this.#isClosed && this.#waiting.size > this.#connecting.size && this.#open.size < connections) {
      const connection = new Http1Connection(address, timeouts, this)
      this.#open.add(connection)
      this.#connecting.add(connection)
    }
    this.#sweeper ??= setInterval(() => this.#sweep(), sweepMs(timeouts)).unref()
  }

  #oldestWaiting(): PooledCall<RequestHead> | undefined {
    return this.#waiting.size === 0 ? undefined : this.#waiting.values().next().value
  }

  #failWaiting(count: number, error: Error): void {
    for (let left = count; left > 0; left--) {
      const call = this.#oldestWaiting()
      if (call === undefined) return
      call.abort()
      call.receiver.onFailure(error)
    }
  }

  #sweep(): void {
    const nowMs = performance.now()
    for (const connection of this.#open) connection.checkDeadline(nowMs)
    // Waiting for a connection is a part of waiting for an answer.
    for (const call of this.#waiting) {
      const { headers } = call.request.timeouts ?? this.#options.timeouts
      if (nowMs - call.begunAtMs < headers) continue
      call.abort()
      call.receiver.onFailure(new Http1Error('HTTP1_HEAD_TIMEOUT', 'no connection became free in time'))
    }
    if (this.#open.size > 0 || this.#waiting.size > 0) return
    clearInterval(this.#sweeper)
    this.#sweeper = undefined
  }
}

function closing(): Http1Error {
  return new Http1Error('HTTP1_CLOSED', 'the gateway is closing')
}
