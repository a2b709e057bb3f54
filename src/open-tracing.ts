/**
 * Opens what takes part in traces: the exporter of spans, and what each configuration adds to the story of a request.
 * @module
 */

import { randomUUID } from 'node:crypto'
import type { Settings } from './config/schema/settings.ts'
import type { TracingSettings } from './config/schema/tracing.ts'
import { askUpstream } from './forward/ask-upstream.ts'
import { openClient } from './forward/upstreams.ts'
import type { Log } from './observability/log.ts'
import type { Metrics } from './observability/metrics.ts'
import type { Redaction } from './observability/redaction.ts'
import { ExchangeTracing } from './observability/tracing/exchange-tracing.ts'
import { SpanExporter } from './observability/tracing/span-exporter.ts'
import { TierWatch } from './observability/tracing/watch-tiers.ts'
import type { Exchange } from './request/exchange.ts'
import { type HandleRequest, handleRequest } from './request/handle-request.ts'
import type { Plan } from './request/plan.ts'
import { isRefusal } from './request/refusal.ts'
import type { LookupObserver } from './tokens/cache/measured-reader.ts'

/** What a configuration is traced with. */
export interface TracedStory {
  readonly tracing: ExchangeTracing
  readonly handle: HandleRequest
}

export interface OpenTracing {
  /** Takes the place of `observer`, which it tells everything. */
  watchLookups(observer: LookupObserver): LookupObserver
  /** For the exchanges of a configuration. */
  traced(compiled: Compiled): TracedStory
}

type Compiled = Pick<Plan, 'findClientAddress' | 'trustedProxies'> & {
  readonly settings: Settings
  readonly redaction: Redaction
}

const answerBytesMax = 64 * 1024

/** `undefined` where the settings ask for none. What is left of spans is sent by one of the `closers`. */
export function openTracing(
  settings: TracingSettings | undefined,
  log: Log,
  metrics: Metrics,
  closers: (() => Promise<void>)[],
): OpenTracing | undefined {
  if (settings === undefined) return undefined
  const exporter = openExporter(settings, log, metrics, closers)
  const tiers = new TierWatch()
  return {
    watchLookups: (observer) => tiers.watch(observer),
    traced(compiled) {
      const { tracing: { trust, sampling } = settings, routes } = compiled.settings
      const patterns = new Map(routes.map(({ name, match }) => [name, match.path]))
      const tracing = new ExchangeTracing({
        ratio: sampling.ratio,
        isBelieved: believes(trust, compiled),
        redaction: compiled.redaction,
        patternOf: (route) => patterns.get(route),
        addSpan: exporter && ((text) => exporter.add(text)),
      })
      return {
        tracing,
        handle(exchange, plan, door) {
          const trace = tracing.begin(exchange)
          if (!trace.isRecorded) return handleRequest(exchange, plan, door)
          const resolveToken = tiers.resolveFor(trace, plan.resolveToken)
          return handleRequest(exchange, { ...plan, resolveToken }, door)
        },
      }
    },
  }
}

/** Whose word on a trace is taken: the word of whoever is at the other end of the connection. */
function believes(
  trust: TracingSettings['trust'],
  { findClientAddress, trustedProxies }: Compiled,
): (exchange: Exchange) => boolean {
  switch (trust) {
    case 'any':
      return () => true
    case 'none':
      return () => false
    case 'proxies':
      return ({ peer }) => {
        const address = findClientAddress(peer, [])
        return !isRefusal(address) && trustedProxies.contains(address)
      }
    default:
      return trust satisfies never
  }
}

/** Nothing is shared with upstreams: a connection of its own, and no request but this one. */
function openExporter(
  { endpoint, headers, timeout, tls, serviceName, resource }: TracingSettings,
  log: Log,
  metrics: Metrics,
  closers: (() => Promise<void>)[],
): SpanExporter | undefined {
  if (endpoint === undefined) return undefined
  const { origin, host, pathname, search } = new URL(endpoint)
  // The deadline of the whole comes first.
  const later = 2 * timeout
  const timeouts = { connect: later, headers: later, bodyIdle: later, keepAlive: 4000 }
  const client = openClient({
    url: origin,
    protocol: 'http1',
    streams: 1,
    connections: 1,
    queue: 1,
    timeouts,
    tls: { ...tls, verify: true },
  })
  const collector = { client, authority: host, requests: 0, requestsMax: 1 }
  const lines = ['content-type', 'application/json', ...Object.entries(headers).flat()]
  const target = pathname + search
  const limits = { deadlineMs: timeout, bodyBytesMax: answerBytesMax }
  const exporter = new SpanExporter({
    post: (body) => askUpstream(collector, { method: 'POST', target, headers: lines, body }, limits),
    resource: {
      'service.name': serviceName,
      'service.instance.id': randomUUID(),
      ...resource,
    },
    onSpans: metrics.spansLeft,
    log,
  })
  closers.push(async () => {
    await exporter.close()
    await client.close()
  })
  return exporter
}
