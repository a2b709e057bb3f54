/**
 * Carries one response from its upstream to the client, with backpressure. A client that leaves ends the
 * upstream request; an upstream that fails midway breaks the client's response off, so that nobody takes half
 * a body for a whole one.
 * @module
 */

import type { ClientResponse } from '../request/exchange.ts'
import type { Refusal } from '../request/refusal.ts'
import { Pieces } from './pieces.ts'
import type { InterimHead, ResponseReceiver, UpstreamCall, UpstreamHead } from './upstream-client.ts'
import { refusalOf } from './upstream-failure.ts'
import type { Upstream } from './upstreams.ts'

/** Makes the client's header lines of the upstream's (names and values in turn). */
export type FilterHeaders = (upstreamHeaders: readonly string[]) => string[]

/** What forwarding reports back when no response was begun. */
export type OnRefused = (refusal: Refusal) => void

/** What becomes of a response. */
export interface Carrying {
  readonly filterHeaders: FilterHeaders
  readonly onRefused: OnRefused
  /** Told why a response that was begun is broken off. */
  readonly onBroken: OnRefused
  /** Given the head; what it yields is called, in place of carrying the response, when that has been given up. */
  readonly intercept: ((head: UpstreamHead) => (() => void) | undefined) | undefined
  /** The client speaks HTTP/1.1. */
  readonly takesInterim: boolean
}

/** A body up to this size that came whole leaves in one write with its head. */
const oneWriteBytesMax = 16 * 1024

/** Takes a response, and counts the request as under way until it is over. */
export class ResponseCarrier implements ResponseReceiver {
  readonly #response: ClientResponse
  readonly #upstream: Upstream
  readonly #carrying: Carrying
  #call: UpstreamCall | undefined
  /** Of a body that does not leave in one write. */
  #pieces: Pieces | undefined
  /** Of the body, as the head announced it. */
  #announcedBytes: number | undefined
  #hasBegun = false
  #isHeldBack = false
  #isDone = false

  constructor(response: ClientResponse, upstream: Upstream, carrying: Carrying) {
    this.#response = response
    this.#upstream = upstream
    this.#carrying = carrying
    upstream.requests++
    response.on('close', () => {
      this.#pieces?.end()
      this.#giveUp()
    })
  }

  /** The call whose response this takes. */
  follow(call: UpstreamCall): void {
    this.#call = call
  }

  /** Without this, Node closes the connection behind the answer: the body may still come or not. */
  onBodyWanted(): void {
    if (!this.#response.headersSent) this.#response.writeContinue()
  }

  onInterim({ status, headers }: InterimHead): void {
    const { filterHeaders, intercept, takesInterim } = this.#carrying
    // What may yet be replaced does not announce itself.
    if (!takesInterim || intercept !== undefined || this.#response.headersSent) return
    // Node before 26.2 has no way to send it; a client does without.
    this.#response.writeInformation?.(status, withoutLength(filterHeaders(headers)))
  }

  onHead(head: UpstreamHead): void {
    const { status, reason, headers, bodyBytes } = head
    // A client whose body broke off has its answer already.
    if (this.#response.headersSent) {
      this.#giveUp()
      return
    }
    const replace = this.#carrying.intercept?.(head)
    if (replace !== undefined) {
      this.#giveUp()
      replace()
      return
    }
    this.#announcedBytes = bodyBytes
    this.#response.writeHead(status, reason, this.#carrying.filterHeaders(headers))
    // A body that came with its head is taken in this tick; otherwise the head does not wait for it.
    process.nextTick(flushHead, this)
  }

  onData(bytes: Buffer): void {
    const isWhole = !this.#hasBegun && bytes.length === this.#announcedBytes
    if (isWhole && bytes.length <= oneWriteBytesMax) {
      this.#hasBegun = true
      // A latin-1 string is joined with the head and leaves in the same write; bytes stay what they are.
      this.#response.end(bytes.toString('latin1'), 'latin1')
      return
    }
    if (!this.#hasBegun) this.#sendHead()
    this.#pieces ??= new Pieces(this.#response)
    if (this.#pieces.write(bytes) || this.#isHeldBack) return
    this.#isHeldBack = true
    this.#call?.pause()
    this.#response.once('drain', () => {
      this.#isHeldBack = false
      this.#call?.resume()
    })
  }

  onEnd(): void {
    this.#finish()
    this.#hasBegun = true
    if (!this.#response.writableEnded) this.#response.end()
  }

  onFailure(error: Error): void {
    if (this.#isDone) return
    this.#finish()
    if (!this.#response.headersSent) {
      if (!this.#response.destroyed) this.#carrying.onRefused(refusalOf(error))
      return
    }
    this.#carrying.onBroken(refusalOf(error))
    // What was written before the failure leaves in this tick; then the connection breaks off.
    process.nextTick(breakOff, this.#response)
  }

  /** Give the upstream's answer up for this reason, unless it is complete. */
  fail(error: Error): void {
    if (this.#isDone) return
    this.#call?.abort()
    this.onFailure(error)
  }

  /** There is no response to carry: the connection has become a tunnel. */
  leave(): void {
    this.#finish()
  }

  /** Sends the head by itself, unless the body has come already. */
  flushHead(): void {
    if (!this.#hasBegun && !this.#isDone) this.#sendHead()
  }

  /** As a string of its own: Node's `flushHeaders` writes latin-1 as UTF-8. */
  #sendHead(): void {
    this.#hasBegun = true
    this.#response.write('', 'latin1')
  }

  /** Nobody waits for the response any more. */
  #giveUp(): void {
    if (this.#isDone) return
    this.#finish()
    this.#call?.abort()
  }

  #finish(): void {
    if (this.#isDone) return
    this.#isDone = true
    this.#upstream.requests--
  }
}

/** An interim answer has no body, whatever it says of one (RFC 9112 section 6.3). */
function withoutLength(headers: readonly string[]): readonly string[] {
  return headers.filter((_, index) => headers[index - (index % 2)]?.toLowerCase() !== 'content-length')
}

function flushHead(carrier: ResponseCarrier): void {
  carrier.flushHead()
}

function breakOff(response: ClientResponse): void {
  response.destroy()
}
