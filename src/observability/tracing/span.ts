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

/** What a client sends may be long; what tells requests apart stands at the beginning. */
const charactersMax = 1024

/** The span as OTLP has it. Written by hand: this is most of what a span costs. */
export function spanText(span: Span): string {
  const { traceId, spanId, parentSpanId, traceState, name, kind, startedAt, endedAt } = span
  const parent = parentSpanId === undefined ? '' : `,"parentSpanId":"${parentSpanId}"`
  const state = traceState === undefined ? '' : `,"traceState":${JSON.stringify(traceState)}`
  const times = `"startTimeUnixNano":"${nanoseconds(Math.min(startedAt, endedAt))}","endTimeUnixNano":"${nanoseconds(endedAt)}"`
  const status = span.isError ? ',"status":{"code":2}' : ''
  return `{"traceId":"${traceId}","spanId":"${spanId}"${parent}${state},"name":${JSON.stringify(name)},"kind":${kinds[kind]},${times},"attributes":[${attributesText(span.attributes)}]${status}}`
}

/** As the list of OTLP has them, without its brackets. */
export function attributesText(attributes: Attributes): string {
  let text = ''
  for (const key in attributes) {
    const value = attributes[key]
    if (value === undefined) continue
    // 64-bit numbers are text in JSON.
    const told =
      typeof value === 'number'
        ? `"intValue":"${value}"`
        : `"stringValue":${JSON.stringify(shortened(value))}`
    text += `${text === '' ? '' : ','}{"key":${JSON.stringify(key)},"value":{${told}}}`
  }
  return text
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
