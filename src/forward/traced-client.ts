/**
 * Tells the upstream which trace a request belongs to, and notes what became of each request to one of its targets.
 * @module
 */

import type { Attempt, ExchangeTrace } from '../request/exchange-trace.ts'
import { withoutHeaders } from '../request/header-name.ts'
import type {
  InterimHead,
  ResponseReceiver,
  UpstreamCall,
  UpstreamClient,
  UpstreamHead,
  UpstreamRequest,
} from './upstream-client.ts'
import type { OpenClient } from './upstreams.ts'

/** The clients of single targets, with an eye on the requests that belong to a trace. */
export function traceClients(open: OpenClient): OpenClient {
  return (settings) => new TracedClient(settings.url, open(settings))
}

class TracedClient implements UpstreamClient {
  readonly #url: string
  readonly #inner: UpstreamClient

  constructor(url: string, inner: UpstreamClient) {
    this.#url = url
    this.#inner = inner
  }

  send(request: UpstreamRequest, receiver: ResponseReceiver): UpstreamCall {
    if (request.trace === undefined) return this.#inner.send(request, receiver)
    const traced = traceRequest(request, request.trace, this.#url, receiver)
    return traced.follow(this.#inner.send(traced.request, traced.receiver))
  }

  close(): Promise<void> {
    return this.#inner.close()
  }
}

/** A request that says where it belongs, and who takes what comes of it. */
export interface TracedRequest {
  readonly request: UpstreamRequest
  readonly receiver: ResponseReceiver
  /** The call that carries it, as the sender is to have it. */
  follow(call: UpstreamCall): UpstreamCall
}

/** One request to a target, in place of the client's own word on where it belongs. */
export function traceRequest(
  request: UpstreamRequest,
  trace: ExchangeTrace,
  url: string,
  receiver: ResponseReceiver,
): TracedRequest {
  const { method, target, headers } = request
  const attempt = trace.isRecorded ? trace.beginAttempt(url, method, target) : undefined
  const traced = { ...request, headers: inTrace(headers, trace, attempt) }
  if (attempt === undefined) return { request: traced, receiver, follow: (call) => call }
  const call = new TracedCall(attempt, receiver)
  return { request: traced, receiver: call, follow: (inner) => call.follow(inner) }
}

const contextHeaders: ReadonlySet<string> = new Set(['traceparent', 'tracestate'])

function inTrace(
  headers: readonly string[],
  trace: ExchangeTrace,
  attempt: Attempt | undefined,
): readonly string[] {
  const { traceId, spanId, isSampled, state } = trace.contextFor(attempt)
  const kept = withoutHeaders(headers, contextHeaders)
  kept.push('traceparent', `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`)
  if (state !== undefined) kept.push('tracestate', state)
  return kept
}

/** Hears all that the receiver does. */
class TracedCall implements UpstreamCall, ResponseReceiver {
  readonly #attempt: Attempt
  readonly #receiver: ResponseReceiver
  #inner: UpstreamCall | undefined

  constructor(attempt: Attempt, receiver: ResponseReceiver) {
    this.#attempt = attempt
    this.#receiver = receiver
  }

  follow(inner: UpstreamCall): this {
    this.#inner = inner
    return this
  }

  get progress(): UpstreamCall['progress'] {
    return this.#inner?.progress
  }

  pause(): void {
    this.#inner?.pause()
  }

  resume(): void {
    this.#inner?.resume()
  }

  abort(): void {
    this.#end()
    this.#inner?.abort()
  }

  onBodyWanted(): void {
    this.#receiver.onBodyWanted()
  }

  onInterim(head: InterimHead): void {
    this.#receiver.onInterim(head)
  }

  onHead(head: UpstreamHead): void {
    this.#attempt.status = head.status
    this.#receiver.onHead(head)
  }

  onData(bytes: Buffer): void {
    this.#receiver.onData(bytes)
  }

  onEnd(): void {
    this.#attempt.isWhole = true
    this.#end()
    this.#receiver.onEnd()
  }

  onFailure(error: Error & { readonly code?: string }): void {
    this.#attempt.error = error.code ?? error.name
    this.#end()
    this.#receiver.onFailure(error)
  }

  #end(): void {
    this.#attempt.endedAtMs ??= performance.now()
  }
}
