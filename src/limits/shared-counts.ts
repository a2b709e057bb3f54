/**
 * The counts that replicas have in common, in Redis. A key is a keyed hash and tells nobody whose count it is; each
 * ends by itself soon after its window.
 *
 * A count is a hash with the `total`, and for each replica the last batch that was added for it: a batch whose answer
 * was lost is sent again and still counts once. Whoever adds also says which total it has seen before; that is never
 * more than the truth, so a server that has forgotten is told again.
 * @module
 */

import { Secret } from '../lib/secret.ts'
import type { RedisClient } from '../redis/redis-client.ts'
import { acknowledge, type CommonCounts, lifetimeMs } from './common-counts.ts'
import type { Use } from './window-counts.ts'

/** Counts of one shard are in one slot of a cluster, so that one script may add to many of them. */
const shards = 16

/** Arguments: the replica; then for each key the batch, how much to add, the total seen before, and its lifetime. */
const addScript = `
local totals = {}
for index, key in ipairs(KEYS) do
  local at = 4 * index - 2
  local held = redis.call('HMGET', key, 'total', ARGV[1])
  local total = math.max(tonumber(held[1]) or 0, tonumber(ARGV[at + 2]))
  if (tonumber(held[2]) or 0) < tonumber(ARGV[at]) then total = total + tonumber(ARGV[at + 1]) end
  redis.call('HSET', key, 'total', string.format('%.0f', total), ARGV[1], ARGV[at])
  redis.call('PEXPIRE', key, ARGV[at + 3])
  totals[index] = string.format('%.0f', total)
end
return totals`

/** Arguments: the limit, the total seen before, the lifetime. Yields the total with the one that was added, or 0 for none. */
const takeScript = `
local total = math.max(tonumber(redis.call('HGET', KEYS[1], 'total')) or 0, tonumber(ARGV[2]))
if total >= tonumber(ARGV[1]) then return '0' end
redis.call('HSET', KEYS[1], 'total', string.format('%.0f', total + 1))
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return string.format('%.0f', total + 1)`

export interface SharedCountsOptions {
  /** Id of this process, unlike that of any other before or beside it. */
  readonly replica: string
  readonly prefix: string
  readonly client: Pick<RedisClient, 'run' | 'runOnSlot'>
  /** The keyed hash that keys are made with. */
  readonly hash: (text: Secret) => string
}

/** Every call rejects when Redis does not answer within the deadline of the client. */
export class SharedCounts implements CommonCounts {
  readonly #options: SharedCountsOptions

  constructor(options: SharedCountsOptions) {
    this.#options = options
  }

  /** Which shard a use is in. */
  shardOf(use: Use): number {
    return this.#hashOf(use).charCodeAt(0) % shards
  }

  /** Adds what was handed over of uses in one shard, and learns the totals. At least one, and not many: Redis does nothing else meanwhile. */
  async add(uses: readonly Use[], now: number): Promise<void> {
    const windows = uses.map(({ window }) => window)
    const [first = '', ...others] = uses.map((use) => this.#keyOf(use))
    const values = uses.flatMap((use) => [use.batch, use.sent, use.known, lifetimeMs(use, now)])
    const reply = await this.#options.client.runOnSlot(
      addScript,
      [first, ...others],
      [this.#options.replica, ...values],
    )
    const totals: readonly unknown[] = Array.isArray(reply) ? reply : []
    if (totals.length !== uses.length) throw new Error('Redis told no totals')
    for (const [index, use] of uses.entries()) {
      if (use.window === windows[index]) acknowledge(use, Number(totals[index]))
    }
  }

  /** Counts one more unless `limit` is reached, which holds for all replicas together. */
  async take(use: Use, limit: number, now: number): Promise<boolean> {
    const { window } = use
    const values = [limit, use.known, lifetimeMs(use, now)]
    const total = Number(await this.#options.client.run(takeScript, this.#keyOf(use), values))
    if (!Number.isSafeInteger(total)) throw new Error('Redis told no total')
    if (use.window === window) use.known = Math.max(use.known, total === 0 ? limit : total)
    return total > 0
  }

  #keyOf(use: Use): string {
    return `${this.#options.prefix}{limits:${this.shardOf(use)}}:${this.#hashOf(use)}`
  }

  #hashOf(use: Use): string {
    const { id } = use.counts
    use.sharedKey ??= this.#options.hash(new Secret(`limit ${id} at ${use.window}: ${use.key}`))
    return use.sharedKey
  }
}
