/**
 * One connection to an upstream, with many requests on it at a time. It is ready when the upstream's settings are there,
 * which say how many; it takes no more requests once the upstream has said goodbye, and those under way go on.
 * @module
 */

import { type ClientHttp2Session, connect } from 'node:http2'
import type { Socket } from 'node:net'
import { Bag } from '../../lib/bag.ts'
import { trustMsOf } from '../address.ts'
import type { PooledCall } from '../pooled-call.ts'
import type { ConnectionTimeouts } from '../upstream-client.ts'
import { connectErrorOf, dialHttp2, type Place } from './dial.ts'
import { Http2Error } from './http2-error.ts'
import { type ExchangeOwner, Http2Exchange } from './http2-exchange.ts'
import type { RequestFields } from './request-fields.ts'
import { connectionWindowBytes, sessionOptions } from './session-options.ts'

/** Bounds of one connection. */
export interface ConnectionLimits {
  /** Requests at a time at the most; fewer where the upstream says so. */
  readonly streams: number
  readonly timeouts: ConnectionTimeouts
  /** An upstream that owes an answer and says nothing for so long is asked whether it is there, in milliseconds. */
  readonly pingAfterMs: number
}

/** Hears of a connection. */
export interface ConnectionOwner {
  /** It can carry a request: it was made, one is over, or the upstream allows more. */
  onRoom(connection: Http2Connection): void
  /** It takes no more requests. */
  onLeaving(connection: Http2Connection): void
  /** It is closed. With the error for which it could not be made, where that was so. */
  onGone(connection: Http2Connection, connectError: Error | undefined): void
}

/** Ids of streams are used up at four times as many. */
const requestsMax = 2 ** 28

/** A connection, from its making on. Deadlines are as exact as `checkDeadline` is called often. */
export class Http2Connection implements ExchangeOwner {
  readonly #limits: ConnectionLimits
  readonly #owner: ConnectionOwner
  readonly #socket: Socket
  readonly #exchanges = new Bag<Http2Exchange>()
  readonly #trustMs: number
  readonly #madeAtMs = performance.now()
  #session: ClientHttp2Session | undefined
  #phase: 'connecting' | 'open' | 'leaving' | 'closed' = 'connecting'
  #failure: Error | undefined
  #room = 0
  #carried = 0
  #lastStreamId = Number.POSITIVE_INFINITY
  #idleSinceMs = this.#madeAtMs
  #bytesRead = 0
  #heardAtMs = this.#madeAtMs
  #askedAtMs: number | undefined

  constructor(place: Place, limits: ConnectionLimits, owner: ConnectionOwner) {
    this.#limits = limits
    this.#owner = owner
    this.#trustMs = trustMsOf(place.address)
    this.#socket = dialHttp2(place, () => this.#speak())
    this.#socket.on('error', (error) => this.#break(error))
    // With a session the socket is the session's to report.
    this.#socket.on('close', () => {
      if (this.#session === undefined) this.#onClose()
    })
  }

  get failure(): Error | undefined {
    return this.#failure
  }

  /** Requests under way on it. */
  get load(): number {
    return this.#exchanges.size
  }

  isBeyondLast(streamId: number | undefined): boolean {
    return streamId === undefined || streamId > this.#lastStreamId
  }

  /** Whether it can carry one more, as far as is known on this side. */
  hasRoom(): boolean {
    const session = this.#session
    return this.#phase === 'open' && this.load < this.#room && session?.closed === false && !session.destroyed
  }

  /** Send a request over this connection, which has room. Throws what Node finds to be unsendable. */
  carry(call: PooledCall<RequestFields>): void {
    const { request, head } = call
    const stream = this.#session?.request(head.headers, { endStream: request.body === undefined })
    if (stream === undefined) throw new Error('a connection that is not open')
    // Silence counts from the first request on.
    if (this.load === 0) {
      this.#heardAtMs = performance.now()
      this.#askedAtMs = undefined
    }
    this.#carried++
    this.#exchanges.add(new Http2Exchange(call, stream, this, this.#limits.timeouts))
  }

  onOver(exchange: Http2Exchange): void {
    this.#exchanges.delete(exchange)
    if (this.load === 0) this.#idleSinceMs = performance.now()
    if (this.hasRoom()) this.#owner.onRoom(this)
  }

  /** Close the connection when it is past its deadline, dead, old, or idle for too long. */
  checkDeadline(nowMs: number): void {
    const { timeouts } = this.#limits
    for (const exchange of this.#exchanges.all()) exchange.checkDeadline(nowMs)
    if (this.#phase === 'connecting') {
      if (nowMs - this.#madeAtMs >= timeouts.connect) this.#timeOut()
      return
    }
    // Node closes it without a goodbye when nothing more can be begun on it.
    if (this.#session?.closed === true) this.#onLeaving()
    // It waits for a socket that may never close.
    if (this.#session?.destroyed === true) this.#break(dead())
    const idleMs = this.load > 0 ? 0 : nowMs - this.#idleSinceMs
    if (this.load > 0) this.#checkLife(nowMs)
    // It should have ended behind its last request.
    else if (this.#phase === 'leaving' && idleMs >= timeouts.connect) this.#break(dead())
    const isOld = nowMs - this.#madeAtMs >= this.#trustMs || this.#carried >= requestsMax
    if (idleMs >= timeouts.keepAlive || isOld) this.#leave()
  }

  /** Close at once; what is under way fails. Resolves when the socket is closed. */
  destroy(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    if (this.#socket.closed) resolve()
    else this.#socket.once('close', () => resolve())
    this.#break(new Http2Error('HTTP2_CLOSED', 'the gateway is closing'))
    return promise
  }

  #speak(): void {
    const session = connect('http://upstream.invalid', {
      ...sessionOptions,
      createConnection: () => this.#socket,
    })
    this.#session = session
    session.once('connect', () => session.setLocalWindowSize(connectionWindowBytes))
    session.on('remoteSettings', ({ maxConcurrentStreams }) => this.#onSettings(maxConcurrentStreams))
    session.on('goaway', (_code, lastStreamId) => {
      this.#lastStreamId = Math.min(this.#lastStreamId, lastStreamId)
      this.#onLeaving()
    })
    // No stream is ever begun by an upstream: pushes are refused by the settings.
    session.on('stream', (stream) => stream.destroy())
    session.on('error', (error) => {
      this.#failure ??= error
    })
    session.on('close', () => this.#onClose())
  }

  #onSettings(streamsMax = Number.POSITIVE_INFINITY): void {
    this.#room = Math.min(this.#limits.streams, streamsMax)
    if (this.#phase === 'connecting') {
      this.#phase = 'open'
      this.#idleSinceMs = performance.now()
    }
    if (this.hasRoom()) this.#owner.onRoom(this)
  }

  /** A connection on which answers are owed and nothing comes is asked for a sign of life, and given up without one. */
  #checkLife(nowMs: number): void {
    const { bytesRead } = this.#socket
    if (bytesRead !== this.#bytesRead) {
      this.#bytesRead = bytesRead
      this.#heardAtMs = nowMs
      this.#askedAtMs = undefined
    } else if (this.#askedAtMs !== undefined) {
      if (nowMs - this.#askedAtMs >= this.#limits.timeouts.connect) {
        this.#break(dead())
      }
    } else if (nowMs - this.#heardAtMs >= this.#limits.pingAfterMs) {
      this.#askedAtMs = nowMs
      this.#session?.ping(() => {})
    }
  }

  /** Take no more requests, and close behind the last one. */
  #leave(): void {
    if (this.#phase !== 'open') return
    this.#onLeaving()
    this.#session?.close()
  }

  #onLeaving(): void {
    if (this.#phase !== 'open') return
    this.#phase = 'leaving'
    this.#owner.onLeaving(this)
  }

  #timeOut(): void {
    this.#break(new Http2Error('HTTP2_CONNECT_TIMEOUT', 'the upstream took too long'))
  }

  #break(failure: Error): void {
    this.#failure ??= failure
    this.#session?.destroy()
    // A session would wait for what it has written to be taken.
    this.#socket.destroy()
  }

  #onClose(): void {
    const failure = this.#failure ?? new Http2Error('HTTP2_ENDED', 'the connection was closed')
    const connectError = this.#phase === 'connecting' ? connectErrorOf(failure) : undefined
    if (this.#phase === 'closed') return
    this.#phase = 'closed'
    this.#owner.onGone(this, connectError)
  }
}

function dead(): Http2Error {
  return new Http2Error('HTTP2_ENDED', 'the connection is dead')
}
