/**
 * Spans that go out together: one request of OTLP, written as they come. Bytes, and not a list of texts: what waits for a
 * second as an object is copied by each collection of garbage meanwhile, which took more than the making of spans.
 * @module
 */

import { type Attributes, attributesText } from './span.ts'

const bytesMax = 512 * 1024
/** UTF-8 has no more than these for each unit of a text. */
const bytesPerUnit = 3
const tail = ']}]}]}'

export class SpanBatch {
  readonly #bytes = Buffer.allocUnsafeSlow(bytesMax)
  #end: number
  #count = 0

  /** `resource` says who made the spans. */
  constructor(resource: Attributes) {
    const told = `{"attributes":[${attributesText(resource)}]}`
    this.#end = this.#bytes.write(
      `{"resourceSpans":[{"resource":${told},"scopeSpans":[{"scope":{"name":"sallyport"},"spans":[`,
    )
  }

  /** How many spans are in it. */
  get count(): number {
    return this.#count
  }

  /** Takes a span as `spanText` makes it; false where there may be no room for it. */
  add(text: string): boolean {
    if (this.#end + 1 + text.length * bytesPerUnit + tail.length > bytesMax) return false
    if (this.#count > 0) this.#end += this.#bytes.write(',', this.#end)
    this.#end += this.#bytes.write(text, this.#end)
    this.#count += 1
    return true
  }

  /** The whole request. Nothing may be added any more. */
  document(): Buffer {
    const end = this.#end + this.#bytes.write(tail, this.#end)
    return this.#bytes.subarray(0, end)
  }
}
