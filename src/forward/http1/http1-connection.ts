/**
 * One connection to an upstream, with one request on it at a time. It is used again only when the request was
 * sent whole, the response was read whole, both sides keep it, and not a byte came that nobody asked for.
 * @module
 */

import { connect, type Socket } from 'node:net'
import { type Address, trustMsOf } from '../address.ts'
import { bytesRead, bytesToReadInto } from '../pieces.ts'
import type { CallHolder, PooledCall } from '../pooled-call.ts'
import { type BodyListener, RequestBody } from '../request-body.ts'
import type { ConnectionTimeouts } from '../upstream-client.ts'
import { bodyWriter } from './body-writer.ts'
import { Http1Error } from './http1-error.ts'
import type { RequestHead } from './request-head.ts'
import type { Framing } from './response-framing.ts'
import type { ResponseHead } from './response-head.ts'
import { type ResponseListener, ResponseReader } from './response-reader.ts'

/** Hears of a connection. */
export interface ConnectionOwner {
  /** It was made, and can carry a request. */
  onConnected(connection: Http1Connection): void
  /** The last request is over, and it can carry the next one. */
  onFree(connection: Http1Connection): void
  /** It is closed. With the error for which it could not be made, where that was so. */
  onGone(connection: Http1Connection, connectError: Error | undefined): void
}

/** What an upstream closes after so many seconds may be closed a little sooner. */
const keepAliveMarginMs = 1000
const tcpKeepAliveMs = 60_000
/** An upstream that leaves an expectation unanswered for so long gets the body all the same (RFC 9110 section 10.1.1). */
const continueWaitMs = 1000

/** A connection, from its making on. Deadlines are as exact as `checkDeadline` is called often. */
export class Http1Connection implements CallHolder<RequestHead>, ResponseListener, BodyListener {
  readonly #timeouts: ConnectionTimeouts
  readonly #owner: ConnectionOwner
  readonly #socket: Socket
  readonly #reader: ResponseReader
  #phase: 'connecting' | 'idle' | 'busy' | 'closed' = 'connecting'
  /** When this phase began or, in a busy one, when a byte moved last. Monotonic, in milliseconds. */
  #movedAtMs = performance.now()
  #call: PooledCall<RequestHead> | undefined
  #body: RequestBody | undefined
  /** Runs while the upstream may still say whether it wants the body. */
  #continueTimer: NodeJS.Timeout | undefined
  #hasHead = false
  #isPersistent = false
  #isPaused = false
  #keepAliveMs: number
  readonly #madeAtMs = this.#movedAtMs
  readonly #trustMs: number

  constructor(address: Address, timeouts: ConnectionTimeouts, owner: ConnectionOwner) {
    this.#timeouts = timeouts
    this.#keepAliveMs = timeouts.keepAlive
    this.#owner = owner
    this.#trustMs = trustMsOf(address)
    this.#reader = new ResponseReader(this)
    this.#socket = connect({
      ...address,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: tcpKeepAliveMs,
      onread: {
        buffer: bytesToReadInto,
        callback: (length) => {
          this.#onBytes(bytesRead(length))
          return true
        },
      },
    })
    this.#socket.on('connect', () => this.#onConnect())
    this.#socket.on('end', () => this.#onEnd())
    this.#socket.on('error', (error) => this.#close(error))
    this.#socket.on('close', () => this.#close(new Http1Error('HTTP1_ENDED', 'the connection was closed')))
  }

  /** Whether it can still carry a request, as far as is known on this side. */
  isUsable(nowMs: number): boolean {
    return (
      this.#phase === 'idle' &&
      this.#socket.writable &&
      nowMs - this.#movedAtMs < this.#keepAliveMs &&
      nowMs - this.#madeAtMs < this.#trustMs
    )
  }

  /** Send a request over this free connection. */
  carry(call: PooledCall<RequestHead>): void {
    this.#phase = 'busy'
    this.#movedAtMs = performance.now()
    this.#call = call
    this.#hasHead = false
    call.holder = this
    call.progress = 'sent'
    const { request, head } = call
    this.#reader.begin(request.method)
    this.#socket.write(head.text, 'latin1')
    if (request.body !== undefined) {
      this.#body = new RequestBody(
        request.body,
        head.bodyBytes,
        bodyWriter(this.#socket, head.bodyBytes),
        this,
      )
      if (request.expectsContinue) this.#continueTimer = setTimeout(() => this.#askForBody(), continueWaitMs)
      else this.#body.start()
    }
  }

  /** Close the connection when it is past its deadline, or idle for too long. */
  checkDeadline(nowMs: number): void {
    const waitedMs = nowMs - this.#movedAtMs
    if (this.#phase === 'connecting') {
      if (waitedMs >= this.#timeouts.connect) this.#timeOut('HTTP1_CONNECT_TIMEOUT')
    } else if (this.#phase === 'idle') {
      if (waitedMs >= this.#keepAliveMs) this.#close(undefined)
    } else {
      this.#checkAnswer(waitedMs)
    }
  }

  /** Close at once; a call that is under way fails. Resolves when the socket is closed. */
  destroy(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    if (this.#socket.closed) resolve()
    else this.#socket.once('close', () => resolve())
    this.#close(new Http1Error('HTTP1_CLOSED', 'the gateway is closing'))
    return promise
  }

  pause(): void {
    this.#isPaused = true
    this.#socket.pause()
  }

  resume(): void {
    this.#isPaused = false
    this.#movedAtMs = performance.now()
    this.#socket.resume()
  }

  abort(): void {
    this.#close(undefined)
  }

  onInterim({ status, headers }: ResponseHead): void {
    this.#movedAtMs = performance.now()
    if (status !== 100) this.#call?.receiver.onInterim({ status, headers })
    // Nobody waits for a second one, or one that comes late.
    else if (this.#continueTimer !== undefined) this.#askForBody()
  }

  onHead({ status, reason, headers }: ResponseHead, framing: Framing): void {
    this.#hasHead = true
    this.#movedAtMs = performance.now()
    // Its final word has been said without the body.
    this.#stopWaiting()
    this.#isPersistent = framing.isPersistent
    if (framing.keepAliveMs !== undefined) {
      this.#keepAliveMs = Math.min(this.#timeouts.keepAlive, framing.keepAliveMs - keepAliveMarginMs)
    }
    this.#call?.receiver.onHead({ status, reason, headers, bodyBytes: framing.contentLength })
  }

  onPiece(piece: Buffer): void {
    this.#call?.receiver.onData(piece)
  }

  onBodyProgress(): void {
    this.#movedAtMs = performance.now()
  }

  onBodySent(): void {
    this.#movedAtMs = performance.now()
    this.#body = undefined
  }

  onBodyBroken(): void {
    this.#close(new Http1Error('HTTP1_REQUEST', 'the body of the request broke off'))
  }

  #checkAnswer(waitedMs: number): void {
    const { headers, bodyIdle } = this.#call?.request.timeouts ?? this.#timeouts
    if (this.#hasHead) {
      if (waitedMs >= bodyIdle && !this.#isPaused) this.#timeOut('HTTP1_BODY_TIMEOUT')
    } else if (waitedMs >= headers && this.#isUpstreamsTurn()) {
      this.#timeOut('HTTP1_HEAD_TIMEOUT')
    }
  }

  #onConnect(): void {
    if (this.#phase === 'closed') return
    this.#becomeIdle()
    this.#owner.onConnected(this)
  }

  #onBytes(bytes: Buffer): void {
    // Nobody asked: an answer to come could be taken for another request's (response queue poisoning).
    if (this.#phase !== 'busy') {
      this.#close(undefined)
      return
    }
    // Bytes of a head do not put off its deadline, however few come at a time.
    if (this.#hasHead) this.#movedAtMs = performance.now()
    if (this.#call !== undefined) this.#call.progress = 'answered'
    try {
      const end = this.#reader.read(bytes)
      // Whoever took the response may have given it up.
      if (this.#phase === 'busy' && this.#reader.isOver) this.#finish(end === bytes.length)
    } catch (error) {
      this.#close(error as Error)
    }
  }

  #onEnd(): void {
    if (this.#phase !== 'busy') {
      this.#close(undefined)
      return
    }
    try {
      this.#reader.end()
      this.#finish(false)
    } catch (error) {
      this.#close(error as Error)
    }
  }

  #askForBody(): void {
    this.#stopWaiting()
    this.#call?.receiver.onBodyWanted()
    this.#body?.start()
  }

  #stopWaiting(): void {
    if (this.#continueTimer === undefined) return
    clearTimeout(this.#continueTimer)
    this.#continueTimer = undefined
  }

  /** The response is complete; what follows depends on what else came and on what was sent. */
  #finish(isClean: boolean): void {
    // An upstream that answers early may read the rest of the body as a request.
    const isSent = this.#body === undefined && this.#socket.writableLength === 0
    const isTrusted = this.#movedAtMs - this.#madeAtMs < this.#trustMs
    const isKept = this.#isPersistent && this.#keepAliveMs > 0 && isTrusted
    const call = this.#release()
    if (isClean && isSent && isKept) this.#becomeIdle()
    else this.#close(undefined)
    call?.receiver.onEnd()
    if (this.#phase === 'idle') this.#owner.onFree(this)
  }

  #becomeIdle(): void {
    this.#phase = 'idle'
    this.#movedAtMs = performance.now()
    // What comes while it is idle must be seen.
    if (this.#isPaused) this.resume()
  }

  /** The deadline for a head counts while the upstream has everything, or does not take more. */
  #isUpstreamsTurn(): boolean {
    return this.#body?.isStarted !== true || this.#socket.writableNeedDrain
  }

  #timeOut(code: 'HTTP1_CONNECT_TIMEOUT' | 'HTTP1_HEAD_TIMEOUT' | 'HTTP1_BODY_TIMEOUT'): void {
    this.#close(new Http1Error(code, 'the upstream took too long'))
  }

  #release(): PooledCall<RequestHead> | undefined {
    const call = this.#call
    this.#call = undefined
    if (call !== undefined) call.holder = undefined
    this.#stopWaiting()
    this.#body?.stop()
    this.#body = undefined
    return call
  }

  /** Close, for good. With an error, the call that is under way fails. */
  #close(error: Error | undefined): void {
    if (this.#phase === 'closed') return
    const connectError = this.#phase === 'connecting' ? error : undefined
    this.#phase = 'closed'
    this.#socket.destroy()
    const call = this.#release()
    if (error !== undefined) call?.receiver.onFailure(error)
    this.#owner.onGone(this, connectError)
  }
}
