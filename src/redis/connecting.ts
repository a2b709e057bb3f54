/**
 * How connections to Redis are opened, and opened again: one server, the master that Sentinels name, or the nodes of a
 * cluster, always so that nothing is queued or sent twice and nothing waits for ever.
 * @module
 */

import { Cluster, Redis, type RedisOptions } from 'ioredis'
import type { RedisServers } from '../config/schema/redis.ts'
import { hostPort, natMapOf } from './node-address.ts'
import { tlsOptions } from './tls-options.ts'

const connectTimeoutMs = 1_000
const reconnectDelayMaxMs = 2_000
/** Of a question to one Sentinel: the next one may know. */
const sentinelTimeoutMs = 500
/** Between two rounds of all Sentinels. It cannot be called off: a client that was closed still waits for it. */
const sentinelDelayMaxMs = 250
/** For a peer to close its side; without an answer the connection is closed by force. */
export const disconnectTimeoutMs = 250
/** A slot that moves twice while a command is under way has used up the time of the command. */
const redirectionsMax = 3

/** Doubles from 50 ms to the cap; the random half keeps replicas from returning all at once. */
export function reconnectDelayMs(attempt: number): number {
  const delayMs = Math.min(50 * 2 ** (attempt - 1), reconnectDelayMaxMs)
  return Math.round(delayMs * (0.5 + Math.random() / 2))
}

/** What all connections have in common, those of a cluster's client to single nodes included. */
export const cautious = {
  lazyConnect: true,
  // Nothing here needs RESP3, and its HELLO would carry the password into error texts of old servers.
  protocol: 2,
  disableClientInfo: true,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  connectTimeout: connectTimeoutMs,
  disconnectTimeout: disconnectTimeoutMs,
} as const satisfies RedisOptions

export type ConnectionOptions = Pick<
  RedisOptions,
  'commandTimeout' | 'socketTimeout' | 'reconnectOnError' | 'enableReadyCheck' | 'autoResubscribe'
>

/** One server, or the master that Sentinels name; not connected yet. */
export function openServer(servers: RedisServers, options: ConnectionOptions): Redis {
  const { url, sentinel } = servers
  const settled = { ...cautious, enableOfflineQueue: false, retryStrategy: reconnectDelayMs, ...options }
  const tls = tlsOptions(servers)
  if (sentinel === undefined) return new Redis(url ?? '', { ...settled, ...(tls && { tls }) })
  const { name, nodes, username, password, sentinelUsername, sentinelPassword, db, addresses } = sentinel
  return new Redis({
    ...settled,
    name,
    sentinels: nodes.map((node) => hostPort(node)),
    // Without this the client would end for good once no Sentinel answers.
    sentinelRetryStrategy: (attempt) => Math.min(reconnectDelayMs(attempt), sentinelDelayMaxMs),
    sentinelCommandTimeout: sentinelTimeoutMs,
    db,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(sentinelUsername !== undefined && { sentinelUsername }),
    ...(sentinelPassword !== undefined && { sentinelPassword }),
    ...(tls && { tls, sentinelTLS: tls, enableTLSForSentinelMode: true }),
    ...(addresses && { natMap: natMapOf(addresses) }),
  })
}

/** `options` are those of the connection to each node. Not connected yet. */
export function openCluster(servers: RedisServers, options: ConnectionOptions): Cluster {
  const { nodes, username, password, addresses } = servers.cluster ?? { nodes: [] }
  const tls = tlsOptions(servers)
  return new Cluster(
    nodes.map((node) => hostPort(node)),
    {
      lazyConnect: true,
      enableOfflineQueue: false,
      clusterRetryStrategy: reconnectDelayMs,
      maxRedirections: redirectionsMax,
      // Whoever asks has a store to go to: a node that is down is an answer.
      retryDelayOnFailover: 0,
      retryDelayOnClusterDown: 0,
      slotsRefreshTimeout: sentinelTimeoutMs,
      ...(addresses && { natMap: natMapOf(addresses) }),
      redisOptions: {
        ...cautious,
        ...options,
        ...(username !== undefined && { username }),
        ...(password !== undefined && { password }),
        ...(tls && { tls }),
      },
    },
  )
}

/** Waits for the first attempt to connect, but not longer than one may take; the failure arrives as an event. */
export async function firstAttempt(connecting: Promise<unknown>): Promise<void> {
  const { promise: over, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, connectTimeoutMs)
  await Promise.race([connecting.catch(() => {}), over])
  clearTimeout(timer)
}
