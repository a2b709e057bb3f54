/**
 * When and whence each token was last used: gathered in memory, one use for each token, and recorded in batches. A
 * request costs a look-up in a map and waits for nothing; a process that is killed loses what it had gathered.
 * @module
 */

import type { Address } from '../../client-address/address.ts'
import { coarseAddress } from '../../client-address/coarse-address.ts'
import type { Clock } from '../../lib/clock.ts'
import { within } from '../../lib/within.ts'
import type { TokenRegistry, TokenUse } from '../ports.ts'

/** Tokens whose use is remembered between two batches; others are noted again once there is room. */
const tokensMax = 100_000
/** Uses in one batch. SQLite records it on this thread: ten milliseconds or so. */
const batchMax = 5_000
/** What the last batches may hold the process up for when it is told to stop. */
const closeMsMax = 2_000

export interface LastUsedOptions {
  readonly store: Pick<TokenRegistry, 'recordUses'>
  /** At least so long between batches. */
  readonly intervalMs: number
  readonly clock: Clock
  readonly log: { warn(fields: object, message: string): void }
}

interface Use {
  at: number
  client: Address
}

/** Its timer does not keep the process alive. */
export class LastUsed {
  readonly #options: LastUsedOptions
  readonly #timer: NodeJS.Timeout
  #uses = new Map<string, Use>()
  #underWay: Promise<void> | undefined

  constructor(options: LastUsedOptions) {
    this.#options = options
    this.#timer = setInterval(() => void this.flush(), options.intervalMs).unref()
  }

  /** On the path of every request that a token was let through for. */
  note(tokenId: string, client: Address): void {
    const at = this.#options.clock.now()
    const use = this.#uses.get(tokenId)
    if (use !== undefined) {
      use.at = at
      use.client = client
    } else if (this.#uses.size < tokensMax) {
      this.#uses.set(tokenId, { at, client })
    }
  }

  /** Records what was gathered, or joins the recording under way. Never rejects: what failed is kept for the next time. */
  flush(): Promise<void> {
    this.#underWay ??= this.#record().finally(() => {
      this.#underWay = undefined
    })
    return this.#underWay
  }

  /** Records what is left, unless the store takes too long. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    // The first may be one that was under way, without the latest uses.
    const recorded = this.flush().then(() => this.flush())
    try {
      await within(closeMsMax, recorded)
    } catch (error) {
      this.#options.log.warn({ error }, 'the last use of tokens was not recorded before the end')
    }
  }

  async #record(): Promise<void> {
    const gathered = [...this.#uses]
    this.#uses = new Map()
    let recorded = 0
    try {
      while (recorded < gathered.length) {
        const batch = gathered.slice(recorded, recorded + batchMax)
        await this.#options.store.recordUses(batch.map(useOf))
        recorded += batch.length
      }
    } catch (error) {
      this.#options.log.warn(
        { error },
        'the last use of tokens could not be recorded; it is kept for the next time',
      )
      for (const [tokenId, use] of gathered.slice(recorded)) this.#keep(tokenId, use)
    }
  }

  #keep(tokenId: string, use: Use): void {
    if (!this.#uses.has(tokenId) && this.#uses.size < tokensMax) this.#uses.set(tokenId, use)
  }
}

function useOf([tokenId, { at, client }]: readonly [string, Use]): TokenUse {
  return { tokenId, at, address: coarseAddress(client) }
}
