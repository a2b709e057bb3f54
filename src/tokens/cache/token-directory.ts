/**
 * Memory in front of Redis in front of a read replica in front of the store, and the change feed that keeps all but the
 * last honest: the one place where the gateway looks tokens up.
 * @module
 */

import { randomUUID } from 'node:crypto'
import type { RedisSettings } from '../../config/schema/redis.ts'
import type { CacheSettings } from '../../config/schema/tokens.ts'
import { type Clock, systemClock } from '../../lib/clock.ts'
import { RedisClient, type RedisState } from '../../redis/redis-client.ts'
import { RedisSubscription } from '../../redis/redis-subscription.ts'
import { type ForeignReaderOptions, readForeign } from '../foreign/foreign-reader.ts'
import type {
  ChangeSource,
  Claim,
  Digests,
  Reading,
  ReadReplica,
  RecordReader,
  TokenReader,
} from '../ports.ts'
import { ChangeFeed, type ChangeListener } from './change-feed.ts'
import { type LookupObserver, measureReader } from './measured-reader.ts'
import { MemoryTier } from './memory-tier.ts'
import { openNoticeBoard } from './open-notice-board.ts'
import { readClaimed } from './record-claim.ts'
import { RedisTier } from './redis-tier.ts'
import { readByReplica } from './replica-tier.ts'
import { type ReplicaState, ReplicaWatch } from './replica-watch.ts'
import { RevocationListener } from './revocation-listener.ts'
import type { Sealer } from './sealed-entry.ts'
import { gateStore } from './store-gate.ts'

/** Static messages with their data in fields; a pino logger is one. */
export interface DirectoryLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}

export interface TokenDirectoryOptions {
  /** Not closed by the directory. */
  readonly store: TokenReader & RecordReader & ChangeSource
  /** Not closed by the directory. */
  readonly replica?: ReadReplica
  /** How tokens of other services are proven; without it only native ones are found. */
  readonly foreign?: ForeignReaderOptions
  readonly settings: CacheSettings
  /** How long known tokens are served while the store does not answer. */
  readonly outageGraceMs: number
  readonly sealer: Sealer
  readonly observer: LookupObserver
  readonly log: DirectoryLog
  readonly clock?: Clock
  /** Milliseconds that never go back. */
  readonly monotonic?: () => number
  /** Uniform in [0, 1). */
  readonly random?: () => number
}

/** For readiness and metrics. */
export interface DirectoryStatus {
  /** `fresh`: as usual. `stale`: fetches are late, every request asks the store. `outage`: the store does not answer. */
  readonly feed: 'fresh' | 'stale' | 'outage'
  /** Since the start of the last fetch of changes that succeeded; `undefined` before the first. */
  readonly feedAgeMs: number | undefined
  /** Whether tokens can be decided on now, if only those that are known here. */
  readonly canDecide: boolean
  /** The last change that was processed; `undefined` before the first poll that succeeded. */
  readonly version: number | undefined
  readonly memoryEntries: number
  /** `up`: it answers look-ups, and this replica is sure to hear of changes by way of it. */
  readonly redis: RedisState | 'off'
  /** `up`: it is a replica of the store, and asked before that. */
  readonly replica: ReplicaState | 'off'
}

export interface TokenDirectory extends TokenReader {
  /** A record known in memory, at once and without allocating; `undefined` means «ask `find`». */
  recall(cacheKey: string): Reading | undefined
  /** Whether memory has a record of a credential, however old, or that there was none just now. */
  remembers(digests: Digests): 'record' | 'absent' | undefined
  /** Tells `listener` of every change from now on, for what else was derived from tokens. */
  follow(listener: ChangeListener): void
  /** To be told of every other key ring, at once, by the ids of its keys: digests are made with it from now on. */
  ringChanged(keyIds: ReadonlySet<string>): void
  /** Resolves when Redis, the store and its replica have each been tried once, whatever came of it; `status` tells. */
  start(): Promise<void>
  status(): DirectoryStatus
  /** Stops following changes and leaves Redis; the store stays open. */
  close(): Promise<void>
}

/** Builds every tier; nothing is connected before `start`. */
export function openTokenDirectory(options: TokenDirectoryOptions): TokenDirectory {
  const { settings, outageGraceMs, observer, log, sealer } = options
  const { clock = systemClock, monotonic = () => performance.now(), random = Math.random } = options
  const client = settings.redis && openRedis(settings.redis, log)
  const listener = settings.redis && openListener(settings.redis, () => feed.heed(), monotonic)
  const feed = openFeed(options, monotonic, listener)
  const primary = gateStore(measureReader(readClaimed(options.store), 'store', observer), feed)
  const { replica } = options
  const watch = replica && openWatch(replica, feed, log)
  const native = watch ? readByReplica({ replica, watch, feed, inner: primary, observer }) : primary
  const store = options.foreign === undefined ? native : readForeign(native, options.foreign)
  const shared = { outageGraceMs, feed, observer, random }
  const redis =
    settings.redis &&
    client &&
    new RedisTier({ ...shared, settings: settings.redis, inner: store, client, sealer, clock })
  const memory = new MemoryTier({ ...shared, settings: settings.memory, inner: redis ?? store, monotonic })
  if (redis !== undefined) feed.follow(redis)
  feed.follow(memory)

  return {
    recall: (cacheKey) => memory.recall(cacheKey),
    find: (digests: Digests, claim?: Claim) => memory.find(digests, claim),
    remembers: (digests) => memory.remembers(digests),
    follow: (listener) => feed.follow(listener),
    ringChanged: (keyIds) => memory.ringChanged(keyIds),
    async start() {
      await Promise.all([client?.connect(), listener?.connect(), feed.start()])
      if (client?.state === 'up') await listener?.start()
      else void listener?.start()
      await watch?.start()
    },
    status: () => ({
      feed: feed.isFollowing ? 'fresh' : feed.isFailing ? 'outage' : 'stale',
      canDecide: feed.version !== undefined && (!feed.isFailing || feed.isConfirmedWithin(outageGraceMs)),
      feedAgeMs: feed.ageMs,
      version: feed.version,
      memoryEntries: memory.size,
      redis: redisState(client, listener, monotonic()),
      replica: watch?.state ?? 'off',
    }),
    async close() {
      await watch?.stop()
      await listener?.stop()
      client?.close()
      await feed.stop()
    },
  }
}

function redisState(
  client: RedisClient | undefined,
  listener: RevocationListener | undefined,
  now: number,
): RedisState | 'off' {
  if (client === undefined || listener === undefined) return 'off'
  return now < listener.attentiveUntil ? client.state : 'down'
}

function openFeed(
  { store, settings, outageGraceMs, log }: TokenDirectoryOptions,
  monotonic: () => number,
  listener: RevocationListener | undefined,
): ChangeFeed {
  const feed = new ChangeFeed({
    source: store,
    pollIntervalMs: settings.pollInterval,
    leaseMs: settings.lease,
    retentionMs: Math.max(settings.memory.ttl, settings.redis?.ttl ?? 0) + outageGraceMs,
    monotonic,
    ...(listener && { attentiveUntil: () => listener.attentiveUntil }),
    failing: (error) =>
      log.warn(
        { reason: error instanceof Error ? error.message : 'unknown' },
        'changes of tokens cannot be fetched',
      ),
    recovered: (failedForMs) =>
      log.info({ failedForMs: Math.round(failedForMs) }, 'changes of tokens are fetched again'),
  })
  feed.follow({
    changed() {},
    reset: (isNewLine) =>
      log.warn(
        { version: feed.version },
        isNewLine
          ? 'another server took the place of the store; caches are dropped'
          : 'the change clock of the store went back, or changes were missed; caches are dropped',
      ),
  })
  return feed
}

function openWatch(replica: ReadReplica, feed: ChangeFeed, log: DirectoryLog): ReplicaWatch {
  return new ReplicaWatch({
    replica,
    feed,
    changed(state, reason) {
      if (state === 'up') log.info({}, 'the read replica answers look-ups')
      else log.warn({ reason }, 'the read replica cannot be used; tokens are looked up on the primary')
    },
  })
}

function openListener(
  redis: RedisSettings,
  heed: () => Promise<unknown>,
  monotonic: () => number,
): RevocationListener {
  const id = randomUUID()
  const board = openNoticeBoard(redis)
  return new RevocationListener({
    id,
    leaseMs: redis.lease,
    board,
    listen: (on) => new RedisSubscription({ servers: redis, channels: board.channelsOf(id), ...on }),
    heed,
    monotonic,
  })
}

function openRedis(servers: RedisSettings, log: DirectoryLog): RedisClient {
  return new RedisClient({
    servers,
    timeoutMs: servers.timeout,
    stateChanged(state, reason) {
      if (state === 'up') log.info({ reason }, 'Redis answers')
      else log.warn({ reason }, 'Redis does not answer; tokens are looked up without it')
    },
  })
}
