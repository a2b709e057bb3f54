/**
 * The request of one HTTP/2 stream, with the body as a stream of its own: it ends only when the client has said that
 * the body is complete. Node's stream ends for a client, too, that takes its request back without an error.
 * @module
 */

import { constants, type ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import type { ClientRequest } from '../../request/exchange.ts'
import { valuesOfHeader } from '../../request/header-name.ts'
import type { RequestHead } from './request-head.ts'

/** Resets a stream at once. Node's `close` would end the response first, as if it were complete. */
export function breakOff(stream: ServerHttp2Stream): void {
  stream.destroy(new Error('the exchange was broken off'))
}

/** Reads from the stream no faster than it is read: the client's window is the rest of the backpressure. */
export class StreamRequest extends Readable implements ClientRequest {
  readonly method: string
  readonly httpVersion = '2.0'
  readonly rawHeaders: string[]
  readonly headers: { readonly expect?: string }
  readonly socket: Socket
  readonly #stream: ServerHttp2Stream
  #isComplete: boolean

  constructor(stream: ServerHttp2Stream, socket: Socket, { method, rawHeaders }: RequestHead) {
    super()
    this.method = method
    this.rawHeaders = rawHeaders
    const [expect] = valuesOfHeader(rawHeaders, 'expect')
    this.headers = expect === undefined ? {} : { expect }
    this.socket = socket
    this.#stream = stream
    this.#isComplete = stream.endAfterHeaders
    if (this.#isComplete) {
      this.push(null)
      stream.resume()
      return
    }
    stream.on('data', (bytes: Buffer) => {
      if (!this.push(bytes)) stream.pause()
    })
    stream.pause()
    stream.once('end', () => this.#ended())
    stream.once('close', () => {
      if (!this.#isComplete) this.destroy()
    })
  }

  get complete(): boolean {
    return this.#isComplete
  }

  override _read(): void {
    this.#stream.resume()
  }

  /** Nobody wants the rest of the body. Once the response is complete, this is no error (RFC 9113 section 8.1). */
  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.#isComplete && !this.#stream.closed) {
      if (this.#stream.writableEnded) this.#stream.close(constants.NGHTTP2_NO_ERROR)
      else breakOff(this.#stream)
    }
    done(error)
  }

  #ended(): void {
    // A stream that was reset ends as well.
    if (this.#stream.closed) {
      this.destroy()
      return
    }
    this.#isComplete = true
    this.push(null)
  }
}
