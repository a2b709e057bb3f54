/**
 * Refuses requests while the gateway has more than it can serve in time: nothing is looked up, counted against a
 * quota or sent for them, so that those under way get done. Nothing that was let in is broken off for it.
 * @module
 */

import type { Settings } from '../config/schema/settings.ts'
import { canonicalRequest } from '../request/canonical-request.ts'
import type { Exchange } from '../request/exchange.ts'
import type { Plan } from '../request/plan.ts'
import { isRefusal, type Refusal, refuse } from '../request/refusal.ts'
import { EventLoopDelay } from './event-loop-delay.ts'
import type { Tally } from './settle.ts'

const retry = { retryAfterSeconds: 1 }
const tooLate = refuse('overloaded', 'the event loop is late', retry)
const tooMany = refuse('overloaded', 'as many requests in flight as are allowed', retry)

/** Told of each exchange that is let in, as the tally that it is, and asked before the next one. */
export class Overload implements Tally {
  readonly #requestsMax: number
  readonly #delay: EventLoopDelay | undefined
  #inFlight = 0

  /** With 0 either measure is switched off. Must be closed. */
  constructor({ eventLoopDelay: delayMs, requests }: Settings['listen']['overload']) {
    this.#requestsMax = requests === 0 ? Number.POSITIVE_INFINITY : requests
    this.#delay = delayMs === 0 ? undefined : new EventLoopDelay(delayMs)
  }

  /** Whether the next request is to be refused. */
  get isShedding(): boolean {
    return this.#inFlight >= this.#requestsMax || this.#delay?.isTooLong === true
  }

  /** How late the event loop is; `undefined` where that is not measured. */
  readonly delaySeconds = (): number | undefined => this.#delay?.seconds

  began(): void {
    this.#inFlight++
  }

  ended(): void {
    this.#inFlight--
  }

  /**
   * The refusal of a request while shedding. Its head is read all the same: one that has two readings is refused as
   * such, so that nothing behind it on its connection is taken for a request.
   */
  refusalOf(exchange: Exchange, { headLimits }: Pick<Plan, 'headLimits'>): Refusal {
    const request = canonicalRequest(exchange, headLimits)
    if (isRefusal(request)) return request
    // Whether its route allows such names is not looked up.
    if (request.hasUnderscoreName) exchange.response.shouldKeepAlive = false
    exchange.notes.host = request.host
    exchange.notes.path = request.rawPath
    exchange.notes.query = request.query
    return this.#inFlight >= this.#requestsMax ? tooMany : tooLate
  }

  close(): void {
    this.#delay?.stop()
  }
}
