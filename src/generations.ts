/**
 * The configurations that requests go by: the one in force, which every new exchange begins with, and former ones
 * that exchanges under way still hold. An upstream that the one in force does not have is closed when no exchange
 * can reach it any more, or when its time is up; a profile is closed with the last exchange that could go by it.
 * @module
 */

import type { Upstream } from './forward/upstreams.ts'
import type { Tally } from './listen/settle.ts'
import type { Serving } from './listen/tell-story.ts'
import type { RouteProfile } from './profiles/profile.ts'

/** One configuration and its exchanges. */
export class Generation implements Serving {
  readonly plan: Serving['plan']
  readonly handle: Serving['handle']
  readonly books: Serving['books']
  readonly upstreams: ReadonlySet<Upstream>
  readonly profiles: ReadonlySet<RouteProfile>
  /** Set when another generation has taken its place; called each time its last exchange ends. */
  onIdle: (() => void) | undefined
  #exchanges = 0

  constructor(
    { upstreams, profiles }: { upstreams: Iterable<Upstream>; profiles: Iterable<RouteProfile> },
    { plan, handle }: Pick<Serving, 'plan' | 'handle'>,
    booksWith: (tally: Tally) => Serving['books'],
  ) {
    this.upstreams = new Set(upstreams)
    this.profiles = new Set(profiles)
    this.plan = plan
    this.handle = handle
    this.books = booksWith({
      began: () => {
        this.#exchanges++
      },
      ended: () => {
        if (--this.#exchanges === 0) this.onIdle?.()
      },
    })
  }

  get isIdle(): boolean {
    return this.#exchanges === 0
  }
}

/** Swaps the generation in force as one reference. */
export class Generations {
  readonly #drainMs: number
  readonly #open: Set<Upstream>
  /** Upstreams that are no longer in force, and what ends their time. */
  readonly #leaving = new Map<Upstream, NodeJS.Timeout>()
  /** Former generations with exchanges under way. */
  readonly #former = new Set<Generation>()
  #current: Generation | undefined

  /** `upstreams` are open already; `drainMs` is what requests to an upstream that was removed have to end. */
  constructor(upstreams: Iterable<Upstream>, drainMs: number) {
    this.#open = new Set(upstreams)
    this.#drainMs = drainMs
  }

  get current(): Generation {
    if (this.#current === undefined) throw new Error('no configuration is in force yet')
    return this.#current
  }

  /** From now on every exchange begins with `next`. */
  begin(next: Generation): void {
    const former = this.#current
    this.#current = next
    for (const upstream of next.upstreams) this.#open.add(upstream)
    if (former === undefined) return
    for (const upstream of former.upstreams) {
      if (next.upstreams.has(upstream)) continue
      this.#leaving.set(upstream, setTimeout(() => this.#leave(upstream), this.#drainMs).unref())
    }
    this.#former.add(former)
    former.onIdle = () => this.#forget(former)
    if (former.isIdle) this.#forget(former)
  }

  /** Closes every upstream, and with it what is under way. */
  async close(): Promise<void> {
    await Promise.all([...this.#open].map((upstream) => this.#close(upstream)))
  }

  /** No exchange begins with a former generation, so one that is idle stays so. */
  #forget(former: Generation): void {
    this.#former.delete(former)
    for (const upstream of this.#leaving.keys()) {
      const isHeld = [...this.#former].some(({ upstreams }) => upstreams.has(upstream))
      if (!isHeld) this.#leave(upstream)
    }
    for (const profile of former.profiles) {
      const isHeld = [this.current, ...this.#former].some(({ profiles }) => profiles.has(profile))
      if (!isHeld) profile.close?.()
    }
  }

  #leave(upstream: Upstream): void {
    // Nobody is left whom it would concern that connections did not close in good order.
    this.#close(upstream).catch(() => {})
  }

  async #close(upstream: Upstream): Promise<void> {
    clearTimeout(this.#leaving.get(upstream))
    this.#leaving.delete(upstream)
    this.#open.delete(upstream)
    await upstream.client.close()
  }
}
