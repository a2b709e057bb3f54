/**
 * One request to a service of several targets. It goes to another target only while nothing of it was sent or, once, where
 * the target has said that it did nothing with it; what else was sent goes out once more only where the settings allow it,
 * and never behind a byte of an answer.
 * @module
 */

import type {
  InterimHead,
  ResponseReceiver,
  UpstreamCall,
  UpstreamHead,
  UpstreamRequest,
} from '../upstream-client.ts'
import { connectionEnded, isFaultOfTarget, isWorthAnotherTarget, wasRefused } from './failures.ts'
import type { RetryBudget } from './retry-budget.ts'
import type { Target } from './target.ts'
import type { TargetChoice } from './target-choice.ts'
import { judgeAnswer } from './target-health.ts'

/** What all calls of one service share. */
export interface Balance {
  readonly choice: TargetChoice
  /** Statuses of a response that count as failures. */
  readonly failureStatuses: ReadonlySet<number>
  /** Within which a target is chosen again. */
  readonly connectMs: number
  /** For what may be sent once more; `undefined` where nothing may. */
  readonly retryBudget: RetryBudget | undefined
}

const idempotentMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

export class BalancedCall implements UpstreamCall, ResponseReceiver {
  readonly #request: UpstreamRequest
  readonly #receiver: ResponseReceiver
  readonly #balance: Balance
  readonly #begunAtMs = performance.now()
  readonly #tried: Target[] = []
  /** Where it is now. */
  #target: Target | undefined
  #triedAtMs = this.#begunAtMs
  /** What carries it there; `undefined` until the client has taken it. */
  #inner: UpstreamCall | undefined
  #hasHead = false
  #wasSentAgain = false
  #wasRefused = false
  #isOver = false

  constructor(request: UpstreamRequest, receiver: ResponseReceiver, balance: Balance) {
    this.#request = request
    this.#receiver = receiver
    this.#balance = balance
  }

  /** Send it to the target that is best off. */
  begin(): void {
    const target = this.#balance.choice.pick(this.#tried, this.#begunAtMs)
    if (target === undefined) throw new Error('an upstream without targets')
    this.#sendTo(target, this.#begunAtMs)
  }

  pause(): void {
    this.#inner?.pause()
  }

  resume(): void {
    this.#inner?.resume()
  }

  abort(): void {
    this.#isOver = true
    this.#leave()
    this.#inner?.abort()
  }

  onBodyWanted(): void {
    this.#receiver.onBodyWanted()
  }

  /** A byte of an answer: nothing is sent again behind it. */
  onInterim(head: InterimHead): void {
    this.#receiver.onInterim(head)
  }

  onHead(head: UpstreamHead): void {
    this.#hasHead = true
    const { failureStatuses } = this.#balance
    if (this.#target !== undefined)
      judgeAnswer(this.#target.health, head.status, failureStatuses, this.#triedAtMs)
    this.#receiver.onHead(head)
  }

  onData(bytes: Buffer): void {
    this.#receiver.onData(bytes)
  }

  onEnd(): void {
    this.#isOver = true
    this.#leave()
    this.#receiver.onEnd()
  }

  onFailure(error: Error): void {
    const target = this.#target
    const progress = this.#inner?.progress
    const nowMs = performance.now()
    this.#leave()
    if (!this.#hasHead && isFaultOfTarget(error)) {
      target?.health.failed(this.#triedAtMs, nowMs, error.code)
    }
    const next = this.#hasHead ? undefined : this.#nextTarget(progress, error, target, nowMs)
    if (next !== undefined) {
      this.#sendTo(next, nowMs)
      return
    }
    this.#isOver = true
    this.#receiver.onFailure(error)
  }

  #nextTarget(
    progress: UpstreamCall['progress'],
    error: Error,
    failed: Target | undefined,
    nowMs: number,
  ): Target | undefined {
    const { choice, connectMs } = this.#balance
    switch (progress) {
      case 'unsent':
        if (wasRefused(error)) return this.#afterRefusal(failed, nowMs)
        if (!isWorthAnotherTarget(error) || nowMs - this.#begunAtMs >= connectMs) return undefined
        return choice.pick(this.#tried, nowMs)
      case 'sent':
        return this.#maySendAgain(error) ? (choice.pick(this.#tried, nowMs) ?? failed) : undefined
      case 'answered':
      case undefined:
        return undefined
      default:
        return progress satisfies never
    }
  }

  /** Once, as RFC 9113 section 8.7 has it; where there is no other target, on a new connection. */
  #afterRefusal(failed: Target | undefined, nowMs: number): Target | undefined {
    if (this.#wasRefused) return undefined
    this.#wasRefused = true
    return this.#balance.choice.pick(this.#tried, nowMs) ?? failed
  }

  #maySendAgain(error: Error): boolean {
    const { retryBudget } = this.#balance
    const { method, body } = this.#request
    if (retryBudget === undefined || this.#wasSentAgain) return false
    if (body !== undefined || !idempotentMethods.has(method) || !connectionEnded(error)) return false
    this.#wasSentAgain = retryBudget.spend()
    return this.#wasSentAgain
  }

  #sendTo(target: Target, nowMs: number): void {
    this.#target = target
    this.#triedAtMs = nowMs
    this.#tried.push(target)
    target.outstanding++
    // A failure that comes before the client has taken the request is not tried again: it would come again.
    this.#inner = undefined
    const inner = target.client.send(this.#request, this)
    this.#inner = inner
    if (this.#isOver) inner.abort()
  }

  /** It is under way there no longer. */
  #leave(): void {
    if (this.#target === undefined) return
    this.#target.outstanding--
    this.#target = undefined
  }
}
