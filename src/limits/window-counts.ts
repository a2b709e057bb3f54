/**
 * How much each key has used of the present window: what this replica counted itself, on top of what all replicas
 * together had when it last heard. Answers at once, and never holds more keys than it was told to.
 * @module
 */

import { LRUCache } from 'lru-cache'

/** The use of one key within one window. */
export interface Use {
  readonly counts: WindowCounts
  readonly key: string
  /** Number of the window since the epoch. */
  window: number
  /** Of all replicas, as far as is known here; what was acknowledged of this one included. */
  known: number
  /** Counted here and handed over to be shared, but not acknowledged. */
  sent: number
  /** Which handing over `sent` belongs to; the same until it is acknowledged. */
  batch: number
  /** Counted here since. */
  unsent: number
  /** Where it is shared; made when it first is. */
  sharedKey: string | undefined
  /** No longer once its place was given to another key. */
  isHeld: boolean
}

export interface WindowCountsOptions {
  /** Unique among those that are shared, and the same on every replica. */
  readonly id: string
  /** For metrics. */
  readonly label: string
  readonly perMs: number
  /** Beyond it the key that was not used for longest is forgotten. */
  readonly keysMax: number
  /** Told of each use that was counted, and of each that is forgotten. */
  readonly onCounted?: (use: Use) => void
  readonly onForgotten?: (use: Use) => void
}

/** Windows are of one length and begin at multiples of it since the epoch, for every key and replica alike. */
export class WindowCounts {
  readonly id: string
  readonly label: string
  readonly perMs: number
  readonly #options: WindowCountsOptions
  /** Made with the first use: a configuration that is only checked needs no room. */
  #uses: LRUCache<string, Use> | undefined

  constructor(options: WindowCountsOptions) {
    this.id = options.id
    this.label = options.label
    this.perMs = options.perMs
    this.#options = options
  }

  /** Keys held. */
  get size(): number {
    return this.#uses?.size ?? 0
  }

  /** The use of a key in the window of `now`, in milliseconds since the epoch. */
  useOf(key: string, now: number): Use {
    this.#uses ??= this.#newUses()
    const use = this.#uses.get(key)
    const window = Math.floor(now / this.perMs)
    if (use === undefined) {
      const fresh = newUse(this, key, window)
      this.#uses.set(key, fresh)
      return fresh
    }
    // A clock that is put right by a moment does not begin the former window anew.
    if (window > use.window || window < use.window - 1) beginWindow(use, window)
    return use
  }

  /** Counts one more, and yields how much is used with it. */
  count(use: Use): number {
    use.unsent++
    this.#options.onCounted?.(use)
    return usedOf(use)
  }

  /** Until the end of the window of a use. */
  remainingMs(use: Use, now: number): number {
    return (use.window + 1) * this.perMs - now
  }

  #newUses(): LRUCache<string, Use> {
    return new LRUCache({
      max: this.#options.keysMax,
      dispose: (use) => {
        use.isHeld = false
        this.#options.onForgotten?.(use)
      },
    })
  }
}

/** How much of the window is used, as far as is known here. */
export function usedOf({ known, sent, unsent }: Use): number {
  return known + sent + unsent
}

function newUse(counts: WindowCounts, key: string, window: number): Use {
  return {
    counts,
    key,
    window,
    known: 0,
    sent: 0,
    batch: 0,
    unsent: 0,
    sharedKey: undefined,
    isHeld: true,
  }
}

/** What was not shared of the window before is of no interest any more. */
function beginWindow(use: Use, window: number): void {
  use.window = window
  use.known = 0
  use.sent = 0
  use.unsent = 0
  use.sharedKey = undefined
}
