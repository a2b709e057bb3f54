/**
 * What is counted of spans.
 * @module
 */

import { cellFamily, type Family } from './exposition.ts'
import type { SpanResult } from './tracing/span-exporter.ts'

/** Functions without `this`: each may be handed on by itself. */
export interface TracingMetrics {
  /** So many spans have left: to the collector, or for good. */
  spansLeft(result: SpanResult, count: number): void
}

/** Create them, and their family. */
export function createTracingMetrics(): {
  readonly metrics: TracingMetrics
  readonly families: readonly Family[]
} {
  const spans = cellFamily(
    'counter',
    'sallyport_spans_total',
    'Spans of traced exchanges by what became of them.',
  )
  const results = {
    exported: spans.cell({ result: 'exported' }),
    dropped: spans.cell({ result: 'dropped' }),
    undelivered: spans.cell({ result: 'undelivered' }),
    rejected: spans.cell({ result: 'rejected' }),
  } satisfies Record<SpanResult, object>
  return {
    families: [spans],
    metrics: {
      spansLeft: (result, count) => {
        results[result].value += count
      },
    },
  }
}
