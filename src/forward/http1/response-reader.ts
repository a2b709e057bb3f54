/**
 * Turns the bytes of a connection into one response after another, each read for the request that it answers.
 * Interim answers are handed out as they come, within bounds: the final one follows.
 * @module
 */

import { ChunkedBody } from './chunked-body.ts'
import { HeadCollector } from './head-collector.ts'
import { Http1Error, malformed } from './http1-error.ts'
import { type Framing, readFraming } from './response-framing.ts'
import { parseResponseHead, type ResponseHead } from './response-head.ts'

/** Of all interim answers before a final one. */
const interimAnswersMax = 16
const interimBytesMax = 16 * 1024

/** Hears of a response as it is read. */
export interface ResponseListener {
  /** A status below 200, but not 101. */
  onInterim(head: ResponseHead): void
  onHead(head: ResponseHead, framing: Framing): void
  /** A piece of the body: a view of the bytes that were read. */
  onPiece(piece: Buffer): void
}

/** Reads the responses of one connection. */
export class ResponseReader {
  readonly #listener: ResponseListener
  readonly #onPiece: (piece: Buffer) => void
  readonly #heads = new HeadCollector()
  #expected: 'head' | 'body' | 'nothing' = 'nothing'
  #isAnswerToHead = false
  #interimAnswers = 0
  #interimBytes = 0
  /** Bytes of the body that have not come; infinite for one that ends with its connection. */
  #left = 0
  #chunked: ChunkedBody | undefined

  constructor(listener: ResponseListener) {
    this.#listener = listener
    this.#onPiece = (piece) => listener.onPiece(piece)
  }

  /** Whether the response is complete; behind it, bytes are nobody's. */
  get isOver(): boolean {
    return this.#expected === 'nothing'
  }

  /** Expect the response to a request. */
  begin(method: string): void {
    this.#expected = 'head'
    this.#isAnswerToHead = method === 'HEAD'
    this.#interimAnswers = 0
    this.#interimBytes = 0
  }

  /** Read bytes; returns the index behind those that belong to the response. Throws an `Http1Error`. */
  read(bytes: Buffer): number {
    let at = 0
    while (this.#expected === 'head' && at < bytes.length) at = this.#readHead(bytes, at)
    return this.#expected === 'body' && at < bytes.length ? this.#readBody(bytes, at) : at
  }

  /** The connection ended. Throws an `Http1Error` unless the response ends with it. */
  end(): void {
    if (this.#expected === 'nothing') return
    if (this.#expected === 'head' || this.#left !== Number.POSITIVE_INFINITY) {
      throw new Http1Error('HTTP1_ENDED', 'the connection ended before the response')
    }
    this.#expected = 'nothing'
  }

  #readHead(bytes: Buffer, start: number): number {
    const end = this.#heads.take(bytes, start)
    if (end === -1) return bytes.length
    const head = parseResponseHead(this.#heads.text)
    if (head.status >= 200) this.#begin(head)
    else if (head.status === 101) throw malformed('a switch of protocols that nobody asked for')
    else this.#onInterim(head)
    return end
  }

  /** Whatever its headers say of a body, the next head follows at once (RFC 9112 section 6.3). */
  #onInterim(head: ResponseHead): void {
    this.#interimAnswers++
    this.#interimBytes += this.#heads.text.length
    if (this.#interimAnswers > interimAnswersMax || this.#interimBytes > interimBytesMax) {
      throw malformed('interim answers without end')
    }
    this.#listener.onInterim(head)
  }

  #begin(head: ResponseHead): void {
    const framing = readFraming(head, this.#isAnswerToHead)
    const { bodyLength } = framing
    this.#chunked = bodyLength === 'chunked' ? new ChunkedBody() : undefined
    this.#left =
      typeof bodyLength === 'number' ? bodyLength : bodyLength === 'chunked' ? 0 : Number.POSITIVE_INFINITY
    this.#expected = bodyLength === 0 ? 'nothing' : 'body'
    this.#listener.onHead(head, framing)
  }

  #readBody(bytes: Buffer, start: number): number {
    if (this.#chunked !== undefined) {
      const end = this.#chunked.read(bytes, start, this.#onPiece)
      if (this.#chunked.isOver) this.#expected = 'nothing'
      return end
    }
    const end = Math.min(bytes.length, start + this.#left)
    this.#left -= end - start
    if (this.#left === 0) this.#expected = 'nothing'
    this.#listener.onPiece(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end))
    return end
  }
}
