/**
 * Carries an authorized request to its upstream and the answer back, both streamed with backpressure. A client
 * that leaves aborts the upstream request; an upstream that fails midway breaks the client's response off, so
 * that nobody takes half a body for a whole one. Nothing is ever sent twice.
 * @module
 */

import type { ServerResponse } from 'node:http'
import type { Dispatcher } from 'undici'
import type { Exchange } from '../request/exchange.ts'
import { type Refusal, refuse } from '../request/refusal.ts'
import type { OutgoingRequest } from '../rewrite/rewrite-request.ts'
import { requestBody } from './request-body.ts'
import { refusalOf } from './upstream-failure.ts'
import type { Upstream } from './upstreams.ts'

/** Makes the client's header lines of the upstream's (names and values in turn). */
type FilterHeaders = (upstreamHeaders: readonly string[]) => string[]

/** What forwarding reports back when no response was begun. */
export type OnRefused = (refusal: Refusal) => void

/**
 * Send the request. The response goes straight to the client; `onRefused` is called at most once, and only
 * while nothing has been written to the client.
 */
export function forward(
  exchange: Exchange,
  outgoing: OutgoingRequest,
  upstream: Upstream,
  filterHeaders: FilterHeaders,
  onRefused: OnRefused,
): void {
  if (upstream.requests >= upstream.requestsMax) {
    onRefused(refuse('upstream_busy', `more than ${upstream.requestsMax} requests`, { retryAfterSeconds: 1 }))
    return
  }
  const { incoming, response } = exchange
  if (outgoing.hasBody && incoming.headers.expect !== undefined) response.writeContinue()
  upstream.requests++
  upstream.pool.dispatch(
    {
      method: outgoing.method as Dispatcher.HttpMethod,
      path: outgoing.target,
      headers: outgoing.headers as string[],
      body: outgoing.hasBody ? requestBody(incoming) : null,
    },
    new ResponseCarrier(response, upstream, filterHeaders, onRefused),
  )
}

/** A body up to this size that came whole leaves in one write with its head. */
const oneWriteBytesMax = 16 * 1024

class ResponseCarrier implements Dispatcher.DispatchHandler {
  readonly #response: ServerResponse
  readonly #upstream: Upstream
  readonly #filterHeaders: FilterHeaders
  readonly #onRefused: OnRefused
  #controller: Dispatcher.DispatchController | undefined
  /** Bytes of the body as the head announced them, while none has come. */
  #announcedBytes: number | undefined
  #hasBegun = false
  #isDone = false

  constructor(
    response: ServerResponse,
    upstream: Upstream,
    filterHeaders: FilterHeaders,
    onRefused: OnRefused,
  ) {
    this.#response = response
    this.#upstream = upstream
    this.#filterHeaders = filterHeaders
    this.#onRefused = onRefused
    response.once('close', () => this.#onClientClosed())
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#response.destroyed) controller.abort(clientLeft())
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
    statusText?: string,
  ): void {
    // Interim answers are not passed on; the final one follows.
    if (status < 200) return
    // A client whose body broke off has its answer already.
    if (this.#response.headersSent) {
      controller.abort(clientLeft())
      return
    }
    this.#announcedBytes = Number(headers['content-length'])
    this.#response.sendDate = false
    this.#response.writeHead(status, statusText ?? '', this.#filterHeaders(linesOf(controller.rawHeaders)))
    // A body that came with its head is taken in this tick; otherwise the head does not wait for it.
    process.nextTick(flushHead, this)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const isWhole = !this.#hasBegun && chunk.length === this.#announcedBytes
    this.#hasBegun = true
    if (isWhole && chunk.length <= oneWriteBytesMax) {
      // A latin-1 string is joined with the head and leaves in the same write; bytes stay what they are.
      this.#response.end(chunk.toString('latin1'), 'latin1')
      return
    }
    if (!this.#response.write(chunk)) {
      controller.pause()
      this.#response.once('drain', () => controller.resume())
    }
  }

  onResponseEnd(): void {
    this.#finish()
    this.#hasBegun = true
    if (!this.#response.writableEnded) this.#response.end()
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#isDone) return
    this.#finish()
    if (this.#response.headersSent) this.#response.destroy()
    else if (!this.#response.destroyed) this.#onRefused(refusalOf(error))
  }

  /** Sends the head by itself, unless the body has come already. */
  flushHead(): void {
    if (this.#hasBegun || this.#isDone) return
    this.#hasBegun = true
    this.#response.flushHeaders()
  }

  #onClientClosed(): void {
    if (!this.#isDone) this.#controller?.abort(clientLeft())
  }

  #finish(): void {
    if (this.#isDone) return
    this.#isDone = true
    this.#upstream.requests--
  }
}

function flushHead(carrier: ResponseCarrier): void {
  carrier.flushHead()
}

function clientLeft(): Error {
  return new Error('the client left')
}

/** Header lines as latin-1 text: one character for each byte, so that no byte is lost on the way. */
function linesOf(raw: Dispatcher.DispatchController['rawHeaders']): readonly string[] {
  if (!Array.isArray(raw)) return []
  return raw.map((text) => (typeof text === 'string' ? text : text.toString('latin1')))
}
