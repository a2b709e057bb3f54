/**
 * Opens what a gateway knows tokens by: the store, the tiers before it, and the resolver before them.
 * @module
 */

import { processOrigin } from './audit/origin.ts'
import { compileNetworks } from './client-address/networks.ts'
import type { Settings } from './config/schema/settings.ts'
import { migrate, pendingMigrations } from './database/migrate.ts'
import type { Clock } from './lib/clock.ts'
import type { Log } from './observability/log.ts'
import type { Metrics } from './observability/metrics.ts'
import type { LookupObserver } from './tokens/cache/measured-reader.ts'
import { openTokenDirectory, type TokenDirectory } from './tokens/cache/token-directory.ts'
import { openForeignTokens } from './tokens/foreign/open-foreign-tokens.ts'
import type { FollowedKeyRing } from './tokens/keys/followed-key-ring.ts'
import type { TokenRegistry } from './tokens/ports.ts'
import {
  createResolveRecord,
  createResolveToken,
  type FailureWatch,
  type ResolveRecord,
  type ResolverContext,
  type ResolveToken,
} from './tokens/resolve-token.ts'
import { openReadReplica, openTokenStore } from './tokens/stores/open-token-store.ts'
import { ensureSystemToken } from './tokens/system-token.ts'

export interface OpenTokens {
  readonly store: TokenRegistry
  readonly directory: TokenDirectory
  readonly resolveToken: ResolveToken
  readonly resolveRecord: ResolveRecord
}

/** What opening takes from the gateway that grows around it. */
interface TokenParts {
  /** Run in reverse order when the gateway closes, or cannot start. */
  readonly closers: (() => Promise<void>)[]
  readonly clock: Clock
  readonly failures: FailureWatch
  /** Told of every look-up. */
  readonly lookups: LookupObserver
}

/** Opens all of it, with the schema brought up to date; what is to be closed again is added to `closers` in order. */
export async function openTokens(
  settings: Settings,
  keyRing: FollowedKeyRing,
  log: Log,
  metrics: Metrics,
  { closers, clock, failures, lookups }: TokenParts,
): Promise<OpenTokens> {
  await bringSchemaUpToDate(settings, log)
  const store = openTokenStore(settings.store, { sealer: keyRing, onQuery: metrics.storeQueried })
  closers.push(() => store.close())
  const replica = openReadReplica(settings.store)
  if (replica !== undefined) closers.push(() => replica.close())
  const { rehashForeign } = settings.store
  const foreign = openForeignTokens({
    record: store.foreign,
    rehashes: rehashForeign,
    observer: metrics,
    log,
  })
  closers.push(async () => foreign.formats.stop())
  const directory = openTokenDirectory({
    store,
    ...(replica && { replica }),
    foreign: foreign.reader,
    settings: settings.cache,
    outageGraceMs: settings.store.outageGrace,
    sealer: keyRing,
    observer: lookups,
    log,
    clock,
  })
  closers.push(() => directory.close())
  keyRing.follow(({ keyIds }) => directory.ringChanged(new Set(keyIds)))
  metrics.watchKeyRing(keyRing)
  keyRing.start()
  closers.push(async () => keyRing.stop())
  metrics.watchChangeFeed(() => secondsOf(directory.status().feedAgeMs))
  directory.follow(foreign.formats)
  directory.follow({
    changed: (changes) => {
      for (const { changedAt } of changes) metrics.changeArrived((clock.now() - changedAt) / 1000)
    },
    reset: () => {},
  })
  await directory.start()
  await foreign.formats.start()
  if (settings.systemToken.networks.length > 0) {
    await ensureSystemToken(store, keyRing.current, clock, processOrigin('gateway'))
  }

  const resolving: ResolverContext = {
    directory,
    keyRing,
    importedFormats: foreign.formats,
    clock,
    failures,
    systemNetworks: compileNetworks(settings.systemToken.networks),
    onSystemTokenOutside: (token, client) => {
      metrics.systemTokenRefused()
      log.warn({ tokenId: token.id, clientAddress: client.text }, 'the system token came from outside')
    },
  }
  return {
    store,
    directory,
    resolveToken: createResolveToken(resolving),
    resolveRecord: createResolveRecord(resolving),
  }
}

async function bringSchemaUpToDate({ store }: Settings, log: Log): Promise<void> {
  if (store.migrations === 'auto') {
    const applied = await migrate(store)
    if (applied.length > 0) log.info({ applied }, 'the schema of the token store was brought up to date')
    return
  }
  const pending = await pendingMigrations(store)
  if (pending.length > 0) {
    throw new Error(`the token store lacks ${pending.join(', ')}: run «sallyport migrate» first`)
  }
}

function secondsOf(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000
}
