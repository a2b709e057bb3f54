/**
 * What the gateway asked a service about its resources, remembered for a short while: facts, never decisions. What is
 * known of a resource is dropped as a whole when a request changes it, and an answer that was on its way then is not kept.
 * @module
 */

import { LRUCache } from 'lru-cache'

export interface FactCacheOptions {
  readonly ttlMs: number
  /** Resources of which something is remembered. */
  readonly resourcesMax: number
  /** Milliseconds that never go back. */
  readonly monotonic?: () => number
}

/** Facts that are remembered of one resource, each of its own asker. */
const factsOfResourceMax = 1_000

/** What is known of one resource, and what is being asked. */
interface Known<Fact> {
  readonly facts: Map<string, { readonly fact: Fact; readonly until: number }>
  readonly flights: Map<string, Promise<Fact>>
}

/** A fact is of a resource and for an asker, since a service may tell each of them something else. */
export class FactCache<Fact> {
  readonly #options: Required<FactCacheOptions>
  readonly #resources: LRUCache<string, Known<Fact>>

  constructor({ monotonic = () => performance.now(), ...options }: FactCacheOptions) {
    this.#options = { ...options, monotonic }
    this.#resources = new LRUCache({ max: options.resourcesMax })
  }

  /** At once, or what `ask` yields: one question at a time, and a failure is remembered by nobody. */
  find(resource: string, asker: string, ask: () => Promise<Fact>): Fact | Promise<Fact> {
    const known = this.#knownOf(resource)
    const remembered = known.facts.get(asker)
    if (remembered !== undefined && this.#options.monotonic() < remembered.until) return remembered.fact
    return known.flights.get(asker) ?? this.#ask(known, asker, ask)
  }

  /** Nothing that was asked of the resource until now is used any more. */
  drop(resource: string): void {
    this.#resources.delete(resource)
  }

  #ask(known: Known<Fact>, asker: string, ask: () => Promise<Fact>): Promise<Fact> {
    const until = this.#options.monotonic() + this.#options.ttlMs
    const flight = ask()
      .then((fact) => {
        if (known.facts.size >= factsOfResourceMax) known.facts.clear()
        known.facts.set(asker, { fact, until })
        return fact
      })
      .finally(() => known.flights.delete(asker))
    known.flights.set(asker, flight)
    return flight
  }

  #knownOf(resource: string): Known<Fact> {
    const before = this.#resources.get(resource)
    if (before !== undefined) return before
    const known: Known<Fact> = { facts: new Map(), flights: new Map() }
    this.#resources.set(resource, known)
    return known
  }
}
