/**
 * One replica's token directory over a given store, with every look-up and log line on record.
 * @module
 */

import { cache } from '../../../src/config/schema/tokens.ts'
import { openTokenDirectory, type TokenDirectory } from '../../../src/tokens/cache/token-directory.ts'
import { parseKeyRing } from '../../../src/tokens/keys/key-ring.ts'
import { newKeyRing } from '../../../src/tokens/keys/key-ring-text.ts'
import type { ChangeSource, RecordReader, TokenReader } from '../../../src/tokens/ports.ts'
import type { Scope } from '../../support/private-server.ts'

export const keyRing = parseKeyRing(newKeyRing({ now: () => Date.now() }).reveal())

export interface Replica {
  readonly directory: TokenDirectory
  /** How often each `tier result` was seen. */
  count(lookup: string): number
  readonly logged: readonly string[]
}

export interface ReplicaPlan {
  readonly store: TokenReader & RecordReader & ChangeSource
  readonly redisUrl?: string
  readonly redisTtl?: string
  readonly outageGraceMs?: number
  readonly memoryEntries?: number
}

/** Started; closed when the test is over. */
export async function startReplica(t: Scope, plan: ReplicaPlan): Promise<Replica> {
  const counts = new Map<string, number>()
  const logged: string[] = []
  const log = (fields: object, message: string) => {
    logged.push(`${message} ${JSON.stringify(fields)}`)
  }
  const redis = plan.redisUrl && { url: plan.redisUrl, ttl: plan.redisTtl ?? '5m', entryBytes: '2KiB' }
  const directory = openTokenDirectory({
    store: plan.store,
    settings: cache.parse({ memory: { entries: plan.memoryEntries ?? 50_000 }, ...(redis && { redis }) }),
    outageGraceMs: plan.outageGraceMs ?? 60_000,
    sealer: keyRing,
    observer: {
      lookedUp(tier, result) {
        const lookup = `${tier} ${result}`
        counts.set(lookup, (counts.get(lookup) ?? 0) + 1)
      },
    },
    log: { info: log, warn: log },
  })
  t.teardown(() => directory.close())
  await directory.start()
  return { directory, count: (lookup) => counts.get(lookup) ?? 0, logged }
}
