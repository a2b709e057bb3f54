/**
 * One request and its response on a stream. A response is whole when its stream was ended by the upstream, and never
 * because the stream was closed, with whatever code: half a body must not be taken for a whole one.
 * @module
 */

import { type ClientHttp2Stream, constants } from 'node:http2'
import type { Placed } from '../../lib/bag.ts'
import type { CallHolder, PooledCall } from '../pooled-call.ts'
import { type BodyListener, type BodyWriter, RequestBody } from '../request-body.ts'
import type { RequestTimeouts } from '../upstream-client.ts'
import { Http2Error, resetWith } from './http2-error.ts'
import type { RequestFields } from './request-fields.ts'
import { finalHead, InterimHeads } from './response-fields.ts'

/** The connection of a stream. */
export interface ExchangeOwner {
  /** Why all of its streams fail; `undefined` while it is well. */
  readonly failure: Error | undefined
  /** Whether the upstream has said that it took no stream with this id, nor will. */
  isBeyondLast(streamId: number | undefined): boolean
  /** The stream is over, or given up. */
  onOver(exchange: Http2Exchange): void
}

/** An upstream that leaves an expectation unanswered for so long gets the body all the same (RFC 9110 section 10.1.1). */
const continueWaitMs = 1000
const headersFrame = 1

/** From the sending of a request on. Deadlines are as exact as `checkDeadline` is called often. */
export class Http2Exchange implements CallHolder<RequestFields>, BodyListener, Placed {
  /** Among those of its connection. */
  place = -1
  readonly #call: PooledCall<RequestFields>
  readonly #stream: ClientHttp2Stream
  readonly #owner: ExchangeOwner
  readonly #timeouts: RequestTimeouts
  readonly #interim = new InterimHeads()
  #body: RequestBody | undefined
  /** Runs while the upstream may still say whether it wants the body. */
  #continueTimer: NodeJS.Timeout | undefined
  /** When anything moved last. Monotonic, in milliseconds. */
  #movedAtMs = performance.now()
  #hasHead = false
  #isPaused = false
  /** The upstream has ended the stream; what it sent may still be on its way to the receiver. */
  #isWhole = false
  #isUnsent = false
  #isOver = false

  constructor(
    call: PooledCall<RequestFields>,
    stream: ClientHttp2Stream,
    owner: ExchangeOwner,
    timeouts: RequestTimeouts,
  ) {
    this.#call = call
    this.#stream = stream
    this.#owner = owner
    this.#timeouts = call.request.timeouts ?? timeouts
    call.holder = this
    call.progress = 'sent'
    this.#listen()
    this.#watchEnd()
    this.#beginBody()
  }

  pause(): void {
    this.#isPaused = true
    // What is whole waits for nobody: it would be lost with its connection.
    if (!this.#isWhole) this.#stream.pause()
  }

  resume(): void {
    this.#isPaused = false
    this.#movedAtMs = performance.now()
    this.#stream.resume()
  }

  abort(): void {
    this.#leave()
  }

  /** Fail the request when it is past its deadline. */
  checkDeadline(nowMs: number): void {
    const waitedMs = nowMs - this.#movedAtMs
    if (this.#hasHead) {
      if (waitedMs >= this.#timeouts.bodyIdle && !this.#isPaused) this.#timeOut('HTTP2_BODY_TIMEOUT')
    } else if (waitedMs >= this.#timeouts.headers && this.#isUpstreamsTurn()) {
      this.#timeOut('HTTP2_HEAD_TIMEOUT')
    }
  }

  onBodyProgress(): void {
    this.#movedAtMs = performance.now()
  }

  onBodySent(): void {
    this.#movedAtMs = performance.now()
    this.#body = undefined
  }

  onBodyBroken(): void {
    this.#fail(new Http2Error('HTTP2_REQUEST', 'the body of the request broke off'))
  }

  #listen(): void {
    const stream = this.#stream
    stream.on('headers', (_headers, _flags, raw) => this.#guard(() => this.#onInterim(raw)))
    stream.on('response', (_headers, _flags, raw) => this.#guard(() => this.#onHead(raw)))
    stream.on('end', () => this.#onEnd())
    // The upstream wants no more of the body; its answer may be whole already.
    stream.on('aborted', () => this.#dropBody())
    stream.on('frameError', (type, code) => {
      // No new stream may be begun: of this one nothing left.
      if (type === headersFrame && code !== constants.NGHTTP2_FRAME_SIZE_ERROR) this.#isUnsent = true
    })
    // Every failure closes the stream, and is told then.
    stream.on('error', () => {})
    stream.on('close', () => this.#onClose())
  }

  /**
   * Node ends a stream on its reading side both when the upstream has ended it and when it was reset without an error.
   * The first comes while it is not closed; nothing else tells them apart.
   */
  #watchEnd(): void {
    const stream = this.#stream
    const push = stream.push
    stream.push = (chunk, encoding) => {
      if (chunk === null && !stream.closed) {
        this.#isWhole = true
        if (this.#hasHead) stream.resume()
      }
      return push.call(stream, chunk, encoding)
    }
  }

  #beginBody(): void {
    const { request, head } = this.#call
    const stream = this.#stream
    if (request.body === undefined) return
    this.#body = new RequestBody(request.body, head.bodyBytes, bodyWriter(stream), this)
    if (request.expectsContinue) this.#continueTimer = setTimeout(() => this.#askForBody(), continueWaitMs)
    else this.#body.start()
  }

  #onInterim(raw: readonly string[]): void {
    this.#movedAtMs = performance.now()
    this.#call.progress = 'answered'
    const head = this.#interim.read(raw)
    if (head.status !== 100) this.#call.receiver.onInterim(head)
    // Nobody waits for a second one, or one that comes late.
    else if (this.#continueTimer !== undefined) this.#askForBody()
  }

  #onHead(raw: readonly string[]): void {
    this.#movedAtMs = performance.now()
    this.#call.progress = 'answered'
    const head = finalHead(raw)
    this.#hasHead = true
    // Its final word has been said without the body.
    this.#stopWaiting()
    this.#call.receiver.onHead(head)
    if (this.#isOver) return
    this.#stream.on('data', (bytes: Buffer) => this.#onData(bytes))
    // Whoever took the head may have asked for a pause already.
    if (this.#isPaused && !this.#isWhole) this.#stream.pause()
  }

  #onData(bytes: Buffer): void {
    if (this.#isOver) return
    this.#movedAtMs = performance.now()
    this.#call.receiver.onData(bytes)
  }

  #onEnd(): void {
    // Reset without an error: a failure, once it is closed.
    if (!this.#isWhole) this.#stream.destroy()
    if (this.#isOver || !this.#isWhole || !this.#hasHead) return
    const isSent = this.#body === undefined
    const { receiver } = this.#call
    this.#finish()
    // An answer that came before the body did: the rest of it is not sent.
    if (!isSent) this.#reset()
    receiver.onEnd()
    this.#owner.onOver(this)
  }

  #onClose(): void {
    if (!this.#isOver) this.#fail(this.#reason())
  }

  #reason(): Error {
    const { failure } = this.#owner
    const isUnsent = this.#isUnsent || this.#owner.isBeyondLast(this.#stream.id)
    if (isUnsent) return resetWith(constants.NGHTTP2_REFUSED_STREAM)
    return failure ?? resetWith(this.#stream.rstCode ?? constants.NGHTTP2_NO_ERROR)
  }

  /** Takes what a reader of fields throws, and hears nothing once the request is over. */
  #guard(read: () => void): void {
    if (this.#isOver) return
    try {
      read()
    } catch (error) {
      this.#fail(error as Error)
    }
  }

  #askForBody(): void {
    this.#stopWaiting()
    this.#call.receiver.onBodyWanted()
    this.#body?.start()
  }

  #stopWaiting(): void {
    if (this.#continueTimer === undefined) return
    clearTimeout(this.#continueTimer)
    this.#continueTimer = undefined
  }

  #dropBody(): void {
    if (!this.#isWhole) return
    this.#body?.stop()
    this.#body = undefined
  }

  /** The deadline for a head counts while the upstream has everything, or does not take more. */
  #isUpstreamsTurn(): boolean {
    return this.#body?.isStarted !== true || this.#stream.writableNeedDrain
  }

  #timeOut(code: 'HTTP2_HEAD_TIMEOUT' | 'HTTP2_BODY_TIMEOUT'): void {
    this.#fail(new Http2Error(code, 'the upstream took too long'))
  }

  #fail(error: Error): void {
    const { receiver } = this.#call
    if (isRefused(error) && this.#putBack()) this.#call.progress = 'unsent'
    this.#leave()
    receiver.onFailure(error)
  }

  /** Whether the request is as it was before it was sent. */
  #putBack(): boolean {
    const { request, progress } = this.#call
    if (progress === 'answered' || this.#isWhole) return false
    if (request.body === undefined) return true
    const body = this.#body
    // The client was asked for it, once.
    const wasAsked = request.expectsContinue && body?.isStarted === true
    if (body === undefined || body.isBegun || wasAsked) return false
    body.putBack()
    this.#body = undefined
    return true
  }

  #leave(): void {
    if (this.#isOver) return
    this.#finish()
    this.#reset()
    this.#owner.onOver(this)
  }

  #reset(): void {
    if (this.#stream.closed) this.#stream.destroy()
    else this.#stream.close(constants.NGHTTP2_CANCEL)
  }

  #finish(): void {
    this.#isOver = true
    this.#call.holder = undefined
    this.#stopWaiting()
    this.#body?.stop()
    this.#body = undefined
  }
}

/**
 * Node ends what it resets, ahead of the reset, and half a body would look whole to the upstream. So nobody ends the stream
 * but the body that was carried to its end.
 */
function bodyWriter(stream: ClientHttp2Stream): BodyWriter {
  const end: () => void = stream.end.bind(stream)
  stream.end = () => stream
  return { stream, write: (bytes) => stream.write(bytes), end }
}

function isRefused(error: Error): boolean {
  return error instanceof Http2Error && error.code === 'HTTP2_REFUSED'
}
