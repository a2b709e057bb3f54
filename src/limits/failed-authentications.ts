/**
 * Bounds what one address can learn, and cost, by trying credentials. Tokens that are known to be good go on from the
 * same address, so that nobody is locked out by a neighbour behind the same proxy; of the unknown ones a trickle is
 * still looked up.
 * @module
 */

import { LRUCache } from 'lru-cache'
import type { Address } from '../client-address/address.ts'
import { clientNetwork } from '../client-address/client-network.ts'
import { compileNetworks, type Networks } from '../client-address/networks.ts'
import type { FailureSettings } from '../config/schema/limits.ts'
import type { Clock } from '../lib/clock.ts'
import { type Refusal, refuse } from '../request/refusal.ts'
import type { LimitBook } from './limit-book.ts'
import { secondsUntil } from './rate-limit-fields.ts'
import { usedOf, type WindowCounts } from './window-counts.ts'

/** Addresses whose last look-up is remembered. */
const addressesMax = 10_000

export interface FailedAuthenticationsOptions {
  readonly book: LimitBook
  readonly clock: Clock
  /** Told of each credential that was not looked up. */
  readonly onThrottled: () => void
}

/** What it goes by. */
export interface FailureRules {
  readonly failures: FailureSettings
  /** An address of one of these stands for everybody behind it, and is never held to account. */
  readonly trustedProxies: readonly string[]
}

interface Rules extends FailureSettings {
  readonly counts: WindowCounts
  readonly proxies: Networks
}

export class FailedAuthentications {
  readonly #options: FailedAuthenticationsOptions
  readonly #lookedUpAt = new LRUCache<string, number>({ max: addressesMax })
  #rules: Rules

  constructor(options: FailedAuthenticationsOptions, rules: FailureRules) {
    this.#options = options
    this.#rules = this.#compile(rules)
  }

  /** What failures are counted in. */
  get counts(): WindowCounts {
    return this.#rules.counts
  }

  /** From now on these rules hold. */
  apply(rules: FailureRules): void {
    this.#rules = this.#compile(rules)
  }

  /**
   * To be asked before a credential is looked up that memory does not have. `isKnownBad` is asked beyond the bound only:
   * what was looked up in vain just now uses up no place of the trickle.
   */
  screen(client: Address, isKnownBad: () => boolean): Refusal | undefined {
    const { attempts, per, trickle, counts } = this.#rules
    if (attempts === 0) return undefined
    const now = this.#options.clock.now()
    const network = clientNetwork(client)
    const use = counts.useOf(network, now)
    if (usedOf(use) < attempts) return undefined
    if (!isKnownBad() && this.#mayTrickle(network, now, trickle)) return undefined
    this.#options.onThrottled()
    return refuse('too_many_failures', `${attempts} bad credentials in ${per / 1000} s from this address`, {
      retryAfterSeconds: secondsUntil(counts.remainingMs(use, now)),
    })
  }

  /** A credential was presented, and is none. */
  count(client: Address): void {
    const { attempts, counts, proxies } = this.#rules
    if (attempts === 0 || proxies.contains(client)) return
    counts.count(counts.useOf(clientNetwork(client), this.#options.clock.now()))
  }

  #mayTrickle(network: string, now: number, trickleMs: number): boolean {
    const last = this.#lookedUpAt.get(network)
    // A clock that was put back makes nobody wait for it.
    if (last !== undefined && now >= last && now - last < trickleMs) return false
    this.#lookedUpAt.set(network, now)
    return true
  }

  #compile({ failures, trustedProxies }: FailureRules): Rules {
    return {
      ...failures,
      counts: this.#options.book.countsOf('failed-authentications', ['address'], failures.per),
      proxies: compileNetworks(trustedProxies),
    }
  }
}
