/**
 * A look at the beginning of a request's body before the request is forwarded: whoever decides by something in it gets
 * to read it, and the upstream still gets every byte. Nothing is read of a body that nobody asks about.
 * @module
 */

import { Readable } from 'node:stream'
import type { ClientRequest, ClientResponse } from './exchange.ts'
import { type Refusal, refuse } from './refusal.ts'

/** What has come of a body. */
export interface PeekedBody {
  readonly bytes: Buffer
  /** Nothing comes behind them. */
  readonly isWhole: boolean
}

/** A body that can be looked at. */
export interface BodySource {
  /**
   * Resolves with the whole body, or with `bytesMax` of it or a little more. A refusal when the client leaves before.
   * May be asked again for more, one question after the other.
   */
  peekBody(bytesMax: number): Promise<PeekedBody | Refusal>
}

/** The body of one request. */
export class BodyPeek implements BodySource {
  readonly #incoming: ClientRequest
  readonly #response: ClientResponse
  #bytes: Buffer = Buffer.alloc(0)
  #isWhole = false
  #isAskedFor = false

  constructor(incoming: ClientRequest, response: ClientResponse) {
    this.#incoming = incoming
    this.#response = response
  }

  async peekBody(bytesMax: number): Promise<PeekedBody | Refusal> {
    this.#askFor()
    if (!this.#isWhole && this.#bytes.length < bytesMax && !(await this.#readUpTo(bytesMax))) {
      return refuse('malformed_request', 'the client left before its body was complete')
    }
    return { bytes: this.#bytes, isWhole: this.#isWhole }
  }

  /** The body as it came, for whoever carries it on. To be called once, behind every question. */
  replay(): Readable {
    const bytes = this.#bytes
    if (!this.#isWhole) {
      if (bytes.length > 0) this.#incoming.unshift(bytes)
      return this.#incoming
    }
    return new Readable({
      read() {
        this.push(bytes)
        this.push(null)
      },
    })
  }

  /** A client may wait to be asked (RFC 9110 section 10.1.1); the upstream has no part in it any more. */
  #askFor(): void {
    if (this.#isAskedFor) return
    this.#isAskedFor = true
    const { httpVersion, headers } = this.#incoming
    if (headers.expect !== undefined && httpVersion !== '1.0') this.#response.writeContinue()
  }

  /** Whether enough has come. */
  #readUpTo(bytesMax: number): Promise<boolean> {
    const incoming = this.#incoming
    if (incoming.destroyed) return Promise.resolve(false)
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const pieces = [this.#bytes]
    let length = this.#bytes.length
    const finish = (isEnough: boolean) => {
      incoming.off('data', onData).off('end', onEnd).off('close', onClose).pause()
      this.#bytes = Buffer.concat(pieces)
      resolve(isEnough)
    }
    const onData = (piece: Buffer) => {
      pieces.push(piece)
      length += piece.length
      if (length >= bytesMax) finish(true)
    }
    const onEnd = () => {
      this.#isWhole = true
      finish(true)
    }
    const onClose = () => finish(false)
    incoming.on('data', onData).on('end', onEnd).on('close', onClose).resume()
    return promise
  }
}
