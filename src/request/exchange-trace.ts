/**
 * What is noted of an exchange for its spans while it is under way: times, and little else. The spans are made of it when
 * the exchange has ended, so that nothing is written on the way. All times are monotonic, in milliseconds.
 * @module
 */

import { randomHex } from '../lib/random-hex.ts'

/** Where an exchange belongs: what one hop tells the next. */
export interface TraceContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string
  /** 16 hexadecimal digits: the span that what comes next is a part of. */
  readonly spanId: string
  readonly isSampled: boolean
  /** What other systems say of the trace, as `tracestate` has it. */
  readonly state: string | undefined
}

/** Stages that may have to wait for somebody. */
export type Stage = 'resolve token' | 'look up facts' | 'upstream credential' | 'limits'

/** A stage that had to wait. */
export interface StageTime {
  readonly stage: Stage
  readonly startedAtMs: number
  /** `undefined` while it waits. */
  endedAtMs: number | undefined
}

/** One request to a target of an upstream. */
export interface Attempt {
  readonly spanId: string
  /** URL of the target, as it is configured. */
  readonly url: string
  readonly method: string
  /** Path and query as they went out. */
  readonly target: string
  readonly startedAtMs: number
  /** `undefined` while it is under way. */
  endedAtMs: number | undefined
  /** Of the answer, once there is one. */
  status: number | undefined
  /** The answer came to its end. */
  isWhole: boolean
  /** Code of what it failed with. */
  error: string | undefined
}

/** The place of one exchange in its trace. `isRecorded`: spans are made of it. */
export class ExchangeTrace {
  readonly traceId: string
  readonly isSampled: boolean
  readonly isRecorded: boolean
  readonly state: string | undefined
  /** The span of whoever sent the request, where that is believed. */
  readonly parentSpanId: string | undefined
  /** Of the exchange. */
  readonly spanId = randomHex(8)
  readonly stages: StageTime[] = []
  readonly attempts: Attempt[] = []
  /** Which tier knew the token, or that there is none. */
  tier: string | undefined

  /** `parent` is believed; without one the trace begins here. */
  constructor(parent: TraceContext | undefined, traceId: string, isSampled: boolean, canRecord: boolean) {
    this.traceId = traceId
    this.isSampled = isSampled
    this.isRecorded = isSampled && canRecord
    this.state = parent?.state
    this.parentSpanId = parent?.spanId
  }

  /** A request goes to a target. Only where the exchange is recorded. */
  beginAttempt(url: string, method: string, target: string): Attempt {
    const attempt = {
      spanId: randomHex(8),
      url,
      method,
      target,
      startedAtMs: performance.now(),
      endedAtMs: undefined,
      status: undefined,
      isWhole: false,
      error: undefined,
    }
    this.attempts.push(attempt)
    return attempt
  }

  /** What the upstream is told. Where nothing is recorded there is no span in between: the sender's stays the parent. */
  contextFor(attempt: Attempt | undefined): TraceContext {
    const spanId = attempt?.spanId ?? this.parentSpanId ?? this.spanId
    return { traceId: this.traceId, spanId, isSampled: this.isSampled, state: this.state }
  }

  time(stage: Stage, work: Promise<unknown>): void {
    const time: StageTime = { stage, startedAtMs: performance.now(), endedAtMs: undefined }
    this.stages.push(time)
    const end = () => {
      time.endedAtMs = performance.now()
    }
    void work.then(end, end)
  }
}

/** The work itself; where it has to wait and the exchange is recorded, how long it waits is noted. */
export function timed<Work>(trace: ExchangeTrace | undefined, stage: Stage, work: Work): Work {
  if (trace?.isRecorded === true && work instanceof Promise) trace.time(stage, work)
  return work
}
