/**
 * A traced gateway between a service and a collector, and words for what the collector got.
 * @module
 */

import type { Test } from 'tap'
import { type GatewayInput, startTestGateway, type TestGateway } from '../../support/gateway.ts'
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from '../../support/otlp-receiver.ts'
import type { Scope } from '../../support/private-server.ts'
import { until } from '../../support/until.ts'

/** A `traceparent` in its parts. */
export interface SentContext {
  readonly version: string
  readonly traceId: string
  readonly spanId: string
  readonly flags: string
}

export const traceId = '0af7651916cd43dd8448eb211c80319c'
export const spanId = 'b7ad6b7169203331'
export const traceparent = ['traceparent', `00-${traceId}-${spanId}-01`] as const

/** The tests' own address, whose word on traces is taken by default. */
export const trusted = { trustedProxies: ['127.0.0.1'] }

export interface TracedGateway {
  readonly gateway: TestGateway
  readonly collector: OtlpReceiver
}

/** One route, with a pattern of its own, unless told otherwise. */
export async function startTraced(
  t: Scope,
  upstream: string,
  { tracing, ...input }: Partial<GatewayInput> = {},
): Promise<TracedGateway> {
  const collector = await startOtlpReceiver(t)
  const gateway = await startTestGateway(t, {
    upstream,
    routes: [{ name: 'all', match: { path: '/{rest*}' } }],
    ...input,
    tracing: { endpoint: collector.url, ...tracing },
  })
  return { gateway, collector }
}

/** Waits for so many spans, and yields all that have come by then. */
export async function spansWhen(collector: OtlpReceiver, count: number): Promise<readonly ReceivedSpan[]> {
  await until(() => collector.spans().length >= count)
  return collector.spans()
}

/** Of each kind, in the order of their making. */
export function byKind(spans: readonly ReceivedSpan[]): {
  readonly server: readonly ReceivedSpan[]
  readonly client: readonly ReceivedSpan[]
  readonly internal: readonly ReceivedSpan[]
} {
  const of = (wanted: number) => spans.filter(({ kind }) => kind === wanted)
  return { server: of(2), client: of(3), internal: of(1) }
}

/** The context that a request came with, whose only one it has to be. */
export function contextOf(
  t: Test,
  request: { header(name: string): readonly string[] } | undefined,
): SentContext {
  const values = request?.header('traceparent') ?? []
  t.equal(values.length, 1, 'one traceparent')
  const [version = '', traceId = '', spanId = '', flags = ''] = values[0]?.split('-') ?? []
  return { version, traceId, spanId, flags }
}

export const bearer = (text: string) => ['Authorization', `Bearer ${text}`] as const
