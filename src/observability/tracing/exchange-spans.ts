/**
 * The spans of an exchange that has ended: one for itself, one for each request to a target, and one for each stage that
 * had to wait. Names and attributes are those of the OpenTelemetry conventions for HTTP; the gateway's own begin with
 * `sallyport.`. Nothing is told that the log would not tell.
 * @module
 */

import { randomHex } from '../../lib/random-hex.ts'
import type { Exchange } from '../../request/exchange.ts'
import type { Attempt, ExchangeTrace, StageTime } from '../../request/exchange-trace.ts'
import { knownMethods } from '../labels.ts'
import type { ExchangeOutcome } from '../metrics.ts'
import { onceForEach } from '../once-for-each.ts'
import type { Redaction } from '../redaction.ts'
import type { Attributes, Span } from './span.ts'

/** How it ended. */
export interface Ending {
  /** Of the answer; `undefined` where no head of one was sent. */
  readonly status: number | undefined
  readonly outcome: ExchangeOutcome
  /** Monotonic, in milliseconds. */
  readonly endedAtMs: number
}

/** What is known apart from the exchange. */
export interface SpanContext {
  readonly redaction: Redaction
  /** The pattern of a route by its name. */
  readonly patternOf: (route: string) => string | undefined
  /** Of the monotonic clock in that of the wall: to be added, in milliseconds. */
  readonly epochMs: number
}

/** The span of the exchange comes first. */
export function spansOf(
  exchange: Exchange,
  trace: ExchangeTrace,
  ending: Ending,
  context: SpanContext,
): readonly Span[] {
  const { endedAtMs } = ending
  const { traceId, state: traceState } = trace
  const make = ({ startedAtMs, endedAtMs: end = endedAtMs }: Times, part: Part): Span => ({
    ...part,
    traceId,
    traceState,
    startedAt: startedAtMs + context.epochMs,
    endedAt: end + context.epochMs,
  })
  return [
    make({ startedAtMs: exchange.startedAtMs }, serverSpan(exchange, trace, ending, context)),
    ...trace.stages.map((time) => make(time, stageSpan(time, trace))),
    ...trace.attempts.map((attempt, index) =>
      make(attempt, clientSpan(attempt, index, exchange, trace, context.redaction)),
    ),
  ]
}

type Times = { readonly startedAtMs: number; readonly endedAtMs?: number | undefined }
type Part = Omit<Span, 'traceId' | 'traceState' | 'startedAt' | 'endedAt'>

function serverSpan(
  exchange: Exchange,
  trace: ExchangeTrace,
  { status, outcome }: Ending,
  { redaction, patternOf }: SpanContext,
): Part {
  const { notes, incoming } = exchange
  const pattern = notes.route === undefined ? undefined : patternOf(notes.route)
  const attributes = {
    ...methodAttributes(exchange.method),
    'http.route': pattern,
    'http.response.status_code': status,
    'error.type': notes.refusal?.code ?? (isFailure(status) ? String(status) : undefined),
    'url.scheme': exchange.scheme,
    'url.path': notes.path === undefined ? undefined : redaction.redactPath(notes.path),
    'url.query': notes.query ? redaction.redactQuery(notes.query).slice(1) : undefined,
    'server.address': notes.host,
    'client.address': notes.clientAddress ?? exchange.peer,
    'network.peer.address': exchange.peer,
    'network.protocol.version': versionOf(incoming.httpVersion),
    'sallyport.request.id': exchange.id,
    'sallyport.outcome': outcome,
    'sallyport.decision': decisionOf(exchange, trace, outcome),
    'sallyport.route': notes.route,
    'sallyport.credential.scheme': notes.credentialScheme,
    'sallyport.token.id': notes.tokenId,
    'sallyport.token.kind': notes.tokenKind,
    'sallyport.token.tier': trace.tier,
    'sallyport.subject': notes.subject,
    'sallyport.refusal.code': (notes.refusal ?? notes.shadowed)?.code,
    'sallyport.refusal.owner': (notes.refusal ?? notes.shadowed)?.owner,
    'sallyport.limit': notes.limit,
    'sallyport.proxy': notes.askedBy?.proxy,
    'sallyport.door': notes.askedBy?.door,
    'sallyport.tunnel.protocol': notes.tunnel?.protocol,
  } satisfies Attributes
  return {
    spanId: trace.spanId,
    parentSpanId: trace.parentSpanId,
    name: spanName(exchange.method, pattern),
    kind: 'server',
    attributes,
    // By the conventions, what a client did wrong is no error of the server.
    isError: isFailure(status),
  }
}

function stageSpan({ stage }: StageTime, trace: ExchangeTrace): Part {
  const tier = stage === 'resolve token' ? trace.tier : undefined
  return {
    spanId: randomHex(8),
    parentSpanId: trace.spanId,
    name: stage,
    kind: 'internal',
    attributes: { 'sallyport.token.tier': tier },
    isError: false,
  }
}

function clientSpan(
  attempt: Attempt,
  index: number,
  { notes }: Exchange,
  trace: ExchangeTrace,
  redaction: Redaction,
): Part {
  const { method, target } = attempt
  // A switch of protocols is no answer: what is under way in the end is the tunnel.
  const isTunnel = notes.tunnel !== undefined && attempt.endedAtMs === undefined
  const status = isTunnel ? 101 : attempt.status
  const isComplete = isTunnel || attempt.isWhole
  const bad = status !== undefined && status >= 400 ? String(status) : undefined
  const error = attempt.error ?? bad ?? (isComplete ? undefined : 'aborted')
  return {
    spanId: attempt.spanId,
    parentSpanId: trace.spanId,
    name: spanName(method, undefined),
    kind: 'client',
    attributes: {
      ...methodAttributes(method),
      'http.response.status_code': status,
      'http.request.resend_count': index === 0 ? undefined : index,
      'error.type': error,
      ...placeAttributes(attempt.url, redactTarget(target, redaction)),
    },
    isError: error !== undefined,
  }
}

/** What a client made up is told apart from what there is. */
function methodAttributes(method: string): Attributes {
  const known = knownMethods.get(method)
  return {
    'http.request.method': known ?? '_OTHER',
    'http.request.method_original': known === undefined ? method : undefined,
  }
}

function spanName(method: string, pattern: string | undefined): string {
  const name = knownMethods.get(method) ?? 'HTTP'
  return pattern === undefined ? name : `${name} ${pattern}`
}

/** Of a target by its URL, of which there are no more than are configured. */
const placeOf = onceForEach((url: string) => {
  const { protocol, hostname, port, host, origin, pathname } = new URL(url)
  if (host === '') return { address: pathname, port: undefined, origin: undefined }
  return { address: hostname, port: Number(port) || (protocol === 'https:' ? 443 : 80), origin }
})

function placeAttributes(url: string, target: string): Attributes {
  const { address, port, origin } = placeOf(url)
  return {
    'url.full': origin && origin + target,
    'server.address': address,
    'server.port': port,
    'network.transport': origin === undefined ? 'unix' : undefined,
  }
}

function redactTarget(target: string, redaction: Redaction): string {
  const mark = target.indexOf('?')
  if (mark === -1) return redaction.redactPath(target)
  return redaction.redactPath(target.slice(0, mark)) + redaction.redactQuery(target.slice(mark))
}

/** `undefined` where the client left before anything was decided. */
function decisionOf(
  { notes }: Exchange,
  { attempts }: ExchangeTrace,
  outcome: ExchangeOutcome,
): 'allowed' | 'refused' | 'shadowed' | undefined {
  if (notes.refusal !== undefined && notes.refusal.owner !== 'upstream') return 'refused'
  if (notes.shadowed !== undefined) return 'shadowed'
  return outcome === 'aborted' && attempts.length === 0 ? undefined : 'allowed'
}

function isFailure(status: number | undefined): boolean {
  return status !== undefined && status >= 500
}

function versionOf(httpVersion: string): string {
  return httpVersion === '2.0' ? '2' : httpVersion
}
