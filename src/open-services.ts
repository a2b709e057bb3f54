/**
 * Opens what profiles work with: the record and the keys that sessions are made with, and the subjects' logins at
 * upstreams.
 * @module
 */

import { processOrigin } from './audit/origin.ts'
import { networkCovers } from './client-address/network-covers.ts'
import type { CacheSettings } from './config/schema/tokens.ts'
import { soundNetwork } from './config/sound-network.ts'
import type { Clock } from './lib/clock.ts'
import type { Log } from './observability/log.ts'
import type { ProfileServices } from './profiles/services.ts'
import { LoginMemory } from './tokens/cache/login-memory.ts'
import { announceChange } from './tokens/cache/revocation-announcer.ts'
import { shareAnnouncements } from './tokens/cache/shared-announcement.ts'
import type { TokenDirectory } from './tokens/cache/token-directory.ts'
import type { FollowedKeyRing } from './tokens/keys/followed-key-ring.ts'
import type { TokenRegistry } from './tokens/ports.ts'
import type { FailureWatch, ResolveRecord, ResolveToken } from './tokens/resolve-token.ts'
import { UpstreamLogins } from './tokens/upstream-logins/upstream-logins.ts'

export interface ServiceParts {
  readonly store: TokenRegistry
  readonly directory: Pick<TokenDirectory, 'follow'>
  readonly keyRing: FollowedKeyRing
  readonly resolveToken: ResolveToken
  readonly resolveRecord: ResolveRecord
  readonly failures: FailureWatch
  readonly cache: Pick<CacheSettings, 'redis' | 'lease'>
  readonly clock: Clock
  readonly log: Log
}

/** Sessions that are held in memory, of each upstream. */
const sessionsMax = 50_000

/** `close` ends what renews logins in the background; to be called before the store is closed. */
export function openServices({
  store,
  directory,
  keyRing,
  resolveToken,
  resolveRecord,
  failures,
  cache,
  clock,
  log,
}: ServiceParts): {
  readonly services: ProfileServices
  close(): Promise<void>
} {
  const opened = new Set<UpstreamLogins>()
  // A reload that changes a route opens its logins anew; what is known of the sessions stays.
  const memories = new Map<string, LoginMemory>()
  const memoryOf = (upstream: string) => {
    const known = memories.get(upstream)
    if (known !== undefined) return known
    const memory = new LoginMemory(sessionsMax)
    memories.set(upstream, memory)
    directory.follow(memory)
    return memory
  }
  const openLogins: ProfileServices['openLogins'] = (upstream, logIn, timeoutMs) => {
    const logins = new UpstreamLogins({
      upstream,
      record: store.logins,
      memory: memoryOf(upstream),
      sealer: keyRing,
      logIn,
      timeoutMs,
      clock,
      random: Math.random,
      log,
      origin: processOrigin('gateway'),
    })
    opened.add(logins)
    return logins
  }
  const closeLogins = (logins: UpstreamLogins) => {
    // Until then the store has to stay open for it.
    void logins.close().then(() => opened.delete(logins))
  }
  const networks = { isNetwork: (cidr: string) => soundNetwork(cidr) !== undefined, networkCovers }
  return {
    services: {
      registry: store,
      get keyRing() {
        return keyRing.current
      },
      clock,
      resolveToken,
      announce: shareAnnouncements(() => announceChange(cache)),
      resolveRecord,
      failures,
      networks,
      openLogins,
      closeLogins,
    },
    close: async () => {
      await Promise.all([...opened].map((logins) => logins.close()))
    },
  }
}
