/**
 * The tracing of exchanges under one configuration: each gets its place in a trace when its story begins, and leaves its
 * spans when it has ended.
 * @module
 */

import { randomHex } from '../../lib/random-hex.ts'
import type { Exchange } from '../../request/exchange.ts'
import { ExchangeTrace } from '../../request/exchange-trace.ts'
import type { Redaction } from '../redaction.ts'
import { type Ending, spansOf } from './exchange-spans.ts'
import { spanText } from './span.ts'
import { readTraceContext } from './trace-context.ts'

export interface ExchangeTracingOptions {
  /** How many of the traces that begin here are recorded, from 0 to 1. */
  readonly ratio: number
  /** Whether what the sender says of a trace goes on here; asked only where it says something. */
  readonly isBelieved: (exchange: Exchange) => boolean
  readonly redaction: Redaction
  /** The pattern of a route by its name. */
  readonly patternOf: (route: string) => string | undefined
  /** Takes the text of each span; `undefined` where spans go nowhere and none are made. */
  readonly addSpan: ((text: string) => void) | undefined
}

/** A clock that was set is followed when it is off by so much. */
const driftMsMax = 10

export class ExchangeTracing {
  readonly #options: ExchangeTracingOptions
  #epochMs = performance.timeOrigin

  constructor(options: ExchangeTracingOptions) {
    this.#options = options
  }

  /** Finds the place of an exchange, which is noted there. To be called once. */
  begin(exchange: Exchange): ExchangeTrace {
    const { isBelieved, ratio, addSpan } = this.#options
    const told = readTraceContext(exchange.rawHeaders)
    const parent = told !== undefined && isBelieved(exchange) ? told : undefined
    const traceId = parent?.traceId ?? randomHex(16)
    const isSampled = parent?.isSampled ?? isAmong(ratio, traceId)
    const trace = new ExchangeTrace(parent, traceId, isSampled, addSpan !== undefined)
    exchange.notes.trace = trace
    return trace
  }

  /** Makes the spans of an exchange that has ended; one that was refused before its story began has its place only now. */
  settled(exchange: Exchange, ending: Ending): ExchangeTrace {
    const trace = exchange.notes.trace ?? this.begin(exchange)
    const { addSpan, redaction, patternOf } = this.#options
    if (addSpan === undefined || !trace.isRecorded) return trace
    const context = { redaction, patternOf, epochMs: this.#epochNow() }
    for (const span of spansOf(exchange, trace, ending, context)) addSpan(spanText(span))
    return trace
  }

  #epochNow(): number {
    const epochMs = Date.now() - performance.now()
    if (Math.abs(epochMs - this.#epochMs) > driftMsMax) this.#epochMs = epochMs
    return this.#epochMs
  }
}

const digits = 13
const all = 16 ** digits

/** By the last digits of the id, which are random, so that others who choose by the same rule choose the same traces. */
function isAmong(ratio: number, traceId: string): boolean {
  return Number.parseInt(traceId.slice(-digits), 16) >= (1 - ratio) * all
}
