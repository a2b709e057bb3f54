/**
 * The requests under way, each with the token that it was let through by. A request is not let go on for longer than
 * a new one of the same token would be let through: it is broken off within the bound that revocation has.
 * @module
 */

import { Bag } from '../lib/bag.ts'
import type { Clock } from '../lib/clock.ts'
import { within } from '../lib/within.ts'
import type { ChangeListener } from '../tokens/cache/change-feed.ts'
import type { TokenChange } from '../tokens/ports.ts'
import { type Token, tokenState } from '../tokens/token.ts'
import type { Exchange, Withdrawal } from './exchange.ts'

/** How late the expiry of a token may be noticed. */
const sweepIntervalMs = 250
/** For reading again all tokens that a change concerns; with the poll that brings the change it is less than a second. */
const rereadsMsMax = 500
/** Records read at once after a change: a few of the store's connections, not all. */
const rereadsMax = 4

export interface OpenExchangesOptions {
  /** The record as it is now, past every cache; `undefined` when it is gone. */
  readonly readToken: (id: string) => Promise<Token | undefined>
  /** False when so little is known of the store that a known token would be refused, too. */
  readonly canTrust: () => boolean
  readonly clock: Clock
  readonly onWithdrawn: (cause: Withdrawal) => void
}

/**
 * Costs a request two writes to a bag; all else happens when something changes, and a look at every exchange four times
 * a second. Must follow the change feed, after the tiers that the tokens come from.
 */
export class OpenExchanges implements ChangeListener {
  readonly #options: OpenExchangesOptions
  readonly #open = new Bag<Exchange>()
  readonly #timer: NodeJS.Timeout
  #changesSeen = 0

  /** Its timer does not keep the process alive. */
  constructor(options: OpenExchangesOptions) {
    this.#options = options
    this.#timer = setInterval(() => this.#sweep(), sweepIntervalMs).unref()
  }

  /** A mark to take before a token is looked up and to give to `hold`. */
  get changesSeen(): number {
    return this.#changesSeen
  }

  /** The exchange goes on for as long as its token is good. A change since the mark makes sure that it still is. */
  hold(exchange: Exchange, token: Token, changesSeen: number): void {
    // A client that left while its token was looked up has been settled: nobody would release it.
    if (exchange.response.destroyed) return
    exchange.heldFor = token
    this.#open.add(exchange)
    if (changesSeen !== this.#changesSeen) void this.#judgeAnew([[exchange, token]])
  }

  /** The exchange has ended. */
  release(exchange: Exchange): void {
    exchange.heldFor = undefined
    this.#open.delete(exchange)
  }

  changed(changes: readonly TokenChange[]): void {
    this.#changesSeen++
    if (this.#open.size === 0) return
    const ids = new Set(changes.map(({ tokenId, subjectId }) => tokenId ?? subjectId))
    void this.#judgeAnew(this.#held().filter(([, { id, subject }]) => ids.has(id) || ids.has(subject.id)))
  }

  reset(): void {
    this.#changesSeen++
    void this.#judgeAnew(this.#held())
  }

  /** Exchanges under way are left to themselves from now on. */
  close(): void {
    clearInterval(this.#timer)
  }

  /** As they are now, whatever ends meanwhile. */
  #held(): (readonly [Exchange, Token])[] {
    return this.#open
      .all()
      .flatMap((exchange) => (exchange.heldFor === undefined ? [] : [[exchange, exchange.heldFor] as const]))
  }

  /**
   * Reads each token once, however many exchanges it has: a change says that there is news, not what it is. Of what
   * cannot be read in time nobody knows that it is still good.
   */
  async #judgeAnew(held: Iterable<readonly [Exchange, Token]>): Promise<void> {
    const until = performance.now() + rereadsMsMax
    // One iterator, from which several readers take their next.
    const byToken = Map.groupBy(held, ([, { id }]) => id).entries()
    const judgeNext = async () => {
      for (const [id, sharers] of byToken) {
        const token = await this.#reread(id, until)
        for (const [exchange] of sharers) this.#judge(exchange, token)
      }
    }
    await Promise.all(Array.from({ length: rereadsMax }, judgeNext))
  }

  async #reread(id: string, until: number): Promise<Token | 'unknown' | 'undecidable'> {
    const leftMs = until - performance.now()
    if (leftMs <= 0) return 'undecidable'
    try {
      return (await within(leftMs, this.#options.readToken(id))) ?? 'unknown'
    } catch {
      return 'undecidable'
    }
  }

  #judge(exchange: Exchange, token: Token | 'unknown' | 'undecidable'): void {
    const held = exchange.heldFor
    if (held === undefined) return
    if (typeof token === 'string') {
      this.#breakOff(exchange, token)
      return
    }
    const state = tokenState(token, this.#options.clock.now())
    if (state !== 'active') this.#breakOff(exchange, state)
    // Expiries are only ever brought forward: of two readings that crossed, the earlier expiry is the later reading.
    else if (expiryOf(token) < expiryOf(held)) exchange.heldFor = token
  }

  #sweep(): void {
    const { clock, canTrust } = this.#options
    const now = clock.now()
    const isTrusted = canTrust()
    for (const [exchange, token] of this.#held()) {
      if (now >= expiryOf(token)) this.#breakOff(exchange, 'expired')
      else if (!isTrusted) this.#breakOff(exchange, 'undecidable')
    }
  }

  /** Destroying the response ends the upstream request too; nobody takes half an answer for a whole one. */
  #breakOff(exchange: Exchange, cause: Withdrawal): void {
    this.release(exchange)
    exchange.notes.withdrawal = cause
    this.#options.onWithdrawn(cause)
    exchange.response.destroy()
  }
}

function expiryOf({ expiresAt = Number.POSITIVE_INFINITY }: Token): number {
  return expiresAt
}
