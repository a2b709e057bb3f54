/**
 * Sends spans to a collector by OTLP over HTTP, some at a time, beside everything else. Nobody waits for it, what it keeps
 * has a bound, and what it cannot deliver is counted and given up.
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { within } from '../../lib/within.ts'
import type { Log } from '../log.ts'
import type { Attributes } from './span.ts'
import { SpanBatch } from './span-batch.ts'

/** `dropped`: there was no room; `undelivered`: the collector did not take them in time; `rejected`: it does not want them. */
export type SpanResult = 'exported' | 'dropped' | 'undelivered' | 'rejected'

export interface SpanExporterOptions {
  /** Posts the document; rejects when no answer came in time. */
  readonly post: (document: Buffer) => Promise<CollectorAnswer>
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

/** Full ones that wait, besides the one under way and the one that is filled. */
const batchesMax = 16
const intervalMs = 1000
const tries = 3
const pauseMs = 1000
const farewellMs = 2000
/** OTLP: the same request may be welcome later. */
const statusesOfLater: ReadonlySet<number> = new Set([429, 502, 503, 504])

export class SpanExporter {
  readonly #options: SpanExporterOptions
  #filling: SpanBatch | undefined
  readonly #full: SpanBatch[] = []
  #underWay: SpanBatch | undefined
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
    if (this.#isClosed || !this.#fill(text)) this.#options.onSpans('dropped', 1)
    else this.#schedule()
  }

  /** Sends what is left, within two seconds; what is left then is lost. */
  async close(): Promise<void> {
    this.#closing.abort()
    clearTimeout(this.#timer)
    await within(farewellMs, this.#sendRest()).catch(() => {})
    this.#isClosed = true
    const batches = [this.#underWay, this.#filling, ...this.#full]
    const lost = batches.reduce((sum, batch) => sum + (batch?.count ?? 0), 0)
    if (lost === 0) return
    this.#options.onSpans('undelivered', lost)
    this.#options.log.warn({ spans: lost }, 'spans were not delivered before the end')
  }

  async #sendRest(): Promise<void> {
    await this.#sending
    for (let batch = this.#take(); batch !== undefined; batch = this.#take()) await this.#sendBatch(batch)
  }

  /** False where there is no room. */
  #fill(text: string): boolean {
    const { resource } = this.#options
    this.#filling ??= new SpanBatch(resource)
    if (this.#filling.add(text)) return true
    // It would not fit into another one either.
    if (this.#filling.count === 0) return false
    if (this.#full.length >= batchesMax) return false
    this.#full.push(this.#filling)
    this.#filling = new SpanBatch(resource)
    return this.#filling.add(text)
  }

  /** What has waited longest. */
  #take(): SpanBatch | undefined {
    const full = this.#full.shift()
    if (full !== undefined) return full
    const filling = this.#filling
    this.#filling = undefined
    return filling
  }

  #schedule(): void {
    if (this.#sending !== undefined || this.#closing.signal.aborted) return
    if (this.#full.length > 0) this.#send()
    else this.#timer ??= setTimeout(() => this.#send(), intervalMs).unref()
  }

  #send(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const batch = this.#take()
    if (batch === undefined) return
    this.#sending = this.#sendBatch(batch).finally(() => {
      this.#sending = undefined
      if (this.#filling !== undefined || this.#full.length > 0) this.#schedule()
    })
  }

  /** Never rejects. */
  async #sendBatch(batch: SpanBatch): Promise<void> {
    const { onSpans } = this.#options
    const { count } = batch
    this.#underWay = batch
    const rejected = await this.#deliver(batch.document(), count)
    // After its end, the exporter has given up the batch as well.
    if (this.#isClosed) return
    this.#underWay = undefined
    if (rejected === undefined) {
      onSpans('undelivered', count)
      return
    }
    onSpans('exported', count - rejected)
    onSpans('rejected', rejected)
  }

  /** How many the collector rejected; `undefined` where it did not take the batch at all. */
  async #deliver(document: Buffer, count: number): Promise<number | undefined> {
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
