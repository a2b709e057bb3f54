/**
 * One span, and its text in the JSON form of OTLP.
 * @module
 */

/** Numbers are whole. What is `undefined` is left out. */
export type Attributes = Readonly<Record<string, string | number | undefined>>

/** Times in milliseconds since the Unix epoch, with fractions. */
export interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | undefined
  readonly traceState: string | undefined
  readonly name: string
  readonly kind: keyof typeof kinds
  readonly startedAt: number
  readonly endedAt: number
  readonly attributes: Attributes
  readonly isError: boolean
}

/** As OTLP numbers them. */
const kinds = { internal: 1, server: 2, client: 3 } as const
const errorStatus = { code: 2 }

/** What a client sends may be long; what tells requests apart stands at the beginning. */
const charactersMax = 1024

/** The span as OTLP has it. */
export function spanText(span: Span): string {
  const { traceId, spanId, parentSpanId, traceState, name, kind, attributes } = span
  const startedAt = Math.min(span.startedAt, span.endedAt)
  return JSON.stringify({
    traceId,
    spanId,
    parentSpanId,
    traceState,
    name,
    kind: kinds[kind],
    startTimeUnixNano: nanoseconds(startedAt),
    endTimeUnixNano: nanoseconds(span.endedAt),
    attributes: attributeList(attributes),
    status: span.isError ? errorStatus : undefined,
  })
}

/** The spans as one request of OTLP. `resource` says who made them. */
export function exportText(resource: Attributes, spans: readonly string[]): string {
  const told = JSON.stringify({ attributes: attributeList(resource) })
  return `{"resourceSpans":[{"resource":${told},"scopeSpans":[{"scope":{"name":"sallyport"},"spans":[${spans.join(',')}]}]}]}`
}

function attributeList(attributes: Attributes): object[] {
  const list: object[] = []
  for (const key in attributes) {
    const value = attributes[key]
    if (value !== undefined) list.push({ key, value: textOrNumber(value) })
  }
  return list
}

/** 64-bit numbers are text in JSON. */
function textOrNumber(value: string | number): object {
  return typeof value === 'number' ? { intValue: String(value) } : { stringValue: shortened(value) }
}

/** Half a character would be no text. */
function shortened(text: string): string {
  return text.length <= charactersMax ? text : text.slice(0, charactersMax).toWellFormed()
}

/** As a decimal text, because there are more than a number holds. */
function nanoseconds(ms: number): string {
  const whole = Math.floor(ms)
  const rest = Math.floor((ms - whole) * 1e6)
  return `${whole}${String(rest).padStart(6, '0')}`
}
