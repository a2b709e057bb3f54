/**
 * Closes the books on an exchange, exactly once, whatever its ending: one line in the log, one observation in
 * the metrics. It hangs on the response's `close`, which also comes when the client leaves.
 * @module
 */

import type { TunnelCause } from '../observability/connection-metrics.ts'
import { unmatchedRoute } from '../observability/labels.ts'
import type { Log } from '../observability/log.ts'
import type { ExchangeOutcome, Metrics } from '../observability/metrics.ts'
import type { Redaction } from '../observability/redaction.ts'
import type { ExchangeTracing } from '../observability/tracing/exchange-tracing.ts'
import type { Exchange, OpenTunnel } from '../request/exchange.ts'
import type { OpenExchanges } from '../request/open-exchanges.ts'
import { clientCertificateOf } from './tls/client-certificate.ts'

/** Where the books are. */
export interface Books {
  readonly metrics: Metrics
  readonly log: Log
  readonly redaction: Redaction
  readonly openExchanges: OpenExchanges
  /** Where there is tracing. */
  readonly tracing: ExchangeTracing | undefined
  /** Whether each request gets a line in the log. */
  readonly isLogging: boolean
  /** Told of each exchange that goes by these books, twice. */
  readonly tally: Tally
}

/** Knows whether exchanges are under way. */
export interface Tally {
  began(): void
  ended(): void
}

/** Open the books on an exchange; they close by themselves. It is a part of `load`, if given, for as long. */
export function settleOnClose(exchange: Exchange, books: Books, load: Tally | undefined): void {
  books.metrics.exchangeBegan()
  books.tally.began()
  load?.began()
  // It comes once: `once` would only cost a wrapper and its removal.
  exchange.response.on('close', () => {
    load?.ended()
    settle(exchange, books)
  })
}

function settle(exchange: Exchange, books: Books): void {
  const { metrics, log, redaction, openExchanges, tracing, isLogging, tally } = books
  openExchanges.release(exchange)
  tally.ended()
  const { notes, response } = exchange
  const endedAtMs = performance.now()
  const durationMs = endedAtMs - exchange.startedAtMs
  const status = response.headersSent ? response.statusCode : undefined
  const outcome = outcomeOf(exchange)
  const recorder = metrics.forRoute(notes.route ?? unmatchedRoute)
  recorder.settled(exchange.method, status, outcome, durationMs / 1000)
  if (notes.shadowed !== undefined) recorder.wouldRefuse(notes.shadowed.code)
  const tunnel = tunnelOf(exchange)
  if (tunnel !== undefined) metrics.tunnelClosed(tunnel.endedBy)
  const trace = tracing?.settled(exchange, { status, outcome, endedAtMs })
  if (!isLogging) return
  const refusal = notes.refusal ?? notes.shadowed
  log.info(
    {
      requestId: exchange.id,
      outcome,
      method: exchange.method,
      host: notes.host,
      path: notes.path === undefined ? undefined : redaction.redactPath(notes.path),
      query: notes.query === undefined || notes.query === '' ? undefined : redaction.redactQuery(notes.query),
      route: notes.route,
      status,
      durationMs: Math.round(durationMs * 1000) / 1000,
      clientAddress: notes.clientAddress ?? exchange.peer,
      clientCertificate:
        exchange.scheme === 'https' ? clientCertificateOf(exchange.incoming.socket) : undefined,
      scheme: notes.credentialScheme,
      tokenId: notes.tokenId,
      tokenKind: notes.tokenKind,
      subject: notes.subject,
      code: refusal?.code,
      reason: refusal?.reason ?? notes.withdrawal ?? notes.broken,
      owner: refusal?.owner,
      proxy: notes.askedBy?.proxy,
      door: notes.askedBy?.door,
      limit: notes.limit,
      tunnel,
      traceId: trace?.traceId,
      spanId: trace?.isRecorded ? trace.spanId : undefined,
    },
    'request',
  )
}

/** What the log says of a tunnel. */
function tunnelOf({
  notes: { tunnel, withdrawal },
}: Exchange):
  | (Pick<OpenTunnel, 'protocol' | 'bytesReceived' | 'bytesSent'> & { readonly endedBy: TunnelCause })
  | undefined {
  if (tunnel === undefined) return undefined
  const { protocol, bytesReceived, bytesSent, endedBy = 'client' } = tunnel
  return { protocol, bytesReceived, bytesSent, endedBy: withdrawal === undefined ? endedBy : 'withdrawal' }
}

function outcomeOf({ notes, response }: Exchange): ExchangeOutcome {
  if (notes.withdrawal !== undefined) return 'revoked'
  if (notes.tunnel !== undefined) return notes.shadowed === undefined ? 'tunnelled' : 'shadowed'
  if (!response.writableFinished) return 'aborted'
  if (notes.refusal !== undefined) return notes.refusal.code
  if (notes.isServed) return 'served'
  if (notes.shadowed !== undefined) return 'shadowed'
  return notes.askedBy === undefined ? 'forwarded' : 'allowed'
}
