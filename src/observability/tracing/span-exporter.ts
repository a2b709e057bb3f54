/**
 * Sends spans to a collector by OTLP over HTTP, some at a time, beside everything else. Nobody waits for it, what it keeps
 * has a bound, and what it cannot deliver is counted and given up.
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { within } from '../../lib/within.ts'
import type { Log } from '../log.ts'
import { type Attributes, exportText } from './span.ts'

/** `dropped`: there was no room; `undelivered`: the collector did not take them in time; `rejected`: it does not want them. */
export type SpanResult = 'exported' | 'dropped' | 'undelivered' | 'rejected'

export interface SpanExporterOptions {
  /** Posts the document; rejects when no answer came in time. */
  readonly post: (document: string) => Promise<CollectorAnswer>
  /** Who made the spans. */
  readonly resource: Attributes
  /** Told what became of so many spans. */
  readonly onSpans: (result: SpanResult, count: number) => void
  readonly log: Log
}

export interface CollectorAnswer {
  readonly status: number
  readonly body: Buffer
}

/** What waits, besides the batch under way. Text counts as its characters. */
const waitingSpansMax = 4096
const waitingCharactersMax = 8 * 1024 * 1024
const batchSpansMax = 512
const intervalMs = 1000
const tries = 3
const pauseMs = 1000
const farewellMs = 2000
/** OTLP: the same request may be welcome later. */
const statusesOfLater: ReadonlySet<number> = new Set([429, 502, 503, 504])

export class SpanExporter {
  readonly #options: SpanExporterOptions
  #waiting: string[] = []
  #waitingCharacters = 0
  #underWay = 0
  #timer: NodeJS.Timeout | undefined
  #sending: Promise<void> | undefined
  readonly #closing = new AbortController()
  #isClosed = false
  #isFailing = false

  constructor(options: SpanExporterOptions) {
    this.#options = options
  }

  /** Takes a span as `spanText` makes it. */
  add(text: string): void {
    const characters = this.#waitingCharacters + text.length
    if (this.#isClosed || this.#waiting.length >= waitingSpansMax || characters > waitingCharactersMax) {
      this.#options.onSpans('dropped', 1)
      return
    }
    this.#waiting.push(text)
    this.#waitingCharacters = characters
    this.#schedule()
  }

  /** Sends what is left, within two seconds; what is left then is lost. */
  async close(): Promise<void> {
    this.#closing.abort()
    clearTimeout(this.#timer)
    await within(farewellMs, this.#sendRest()).catch(() => {})
    this.#isClosed = true
    const lost = this.#waiting.length + this.#underWay
    if (lost === 0) return
    this.#options.onSpans('undelivered', lost)
    this.#options.log.warn({ spans: lost }, 'spans were not delivered before the end')
  }

  async #sendRest(): Promise<void> {
    await this.#sending
    while (this.#waiting.length > 0) await this.#sendBatch()
  }

  #schedule(): void {
    if (this.#sending !== undefined || this.#closing.signal.aborted) return
    if (this.#waiting.length >= batchSpansMax) this.#send()
    else this.#timer ??= setTimeout(() => this.#send(), intervalMs).unref()
  }

  #send(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#sending = this.#sendBatch().finally(() => {
      this.#sending = undefined
      if (this.#waiting.length > 0) this.#schedule()
    })
  }

  /** Never rejects. */
  async #sendBatch(): Promise<void> {
    const { resource, onSpans } = this.#options
    const batch = this.#waiting.splice(0, batchSpansMax)
    for (const text of batch) this.#waitingCharacters -= text.length
    this.#underWay = batch.length
    const rejected = await this.#deliver(exportText(resource, batch), batch.length)
    // After its end, the exporter has given up the batch as well.
    if (this.#isClosed) return
    this.#underWay = 0
    if (rejected === undefined) {
      onSpans('undelivered', batch.length)
      return
    }
    onSpans('exported', batch.length - rejected)
    onSpans('rejected', rejected)
  }

  /** How many the collector rejected; `undefined` where it did not take the batch at all. */
  async #deliver(document: string, count: number): Promise<number | undefined> {
    const { post } = this.#options
    for (let left = tries; left > 0; left--) {
      const answer = await post(document).catch(errorOf)
      if (answer instanceof Error || statusesOfLater.has(answer.status)) {
        this.#failed(answer)
        if (left === 1 || !(await this.#pause())) return undefined
        continue
      }
      if (answer.status < 200 || answer.status > 299) {
        this.#failed(answer)
        return count
      }
      this.#isFailing = false
      return Math.min(rejectedBy(answer.body), count)
    }
    return undefined
  }

  /** Between two tries; false where there is no time for another. */
  async #pause(): Promise<boolean> {
    const { signal } = this.#closing
    return sleep(pauseMs, true, { signal, ref: false }).catch(() => false)
  }

  /** Said once, until a batch has been taken. */
  #failed(answer: Error | CollectorAnswer): void {
    if (this.#isFailing || this.#isClosed) return
    this.#isFailing = true
    const why =
      answer instanceof Error
        ? { reason: answer.message, error: answer }
        : { reason: `status ${answer.status}` }
    this.#options.log.warn(why, 'the collector does not take spans; they are counted and given up')
  }
}

function errorOf(error: unknown): Error {
  return error instanceof Error ? error : new Error('no answer')
}

/** OTLP: a collector may take some spans and say how many it did not. */
function rejectedBy(body: Buffer): number {
  try {
    const count = Number(JSON.parse(body.toString()).partialSuccess?.rejectedSpans ?? 0)
    return Number.isSafeInteger(count) && count > 0 ? count : 0
  } catch {
    return 0
  }
}
