/**
 * `cache.redis`: which servers hold what replicas share, and what may be taken from them.
 * @module
 */

import { z } from 'zod'
import { byteSize, count, duration, flag } from './primitives.ts'

const address = /^(\[[0-9a-fA-F:.]+\]|[^\s/?#@:[\]]+):\d{1,5}$/
const expectedAddress = 'expected host:port, or [address]:port for IPv6'

const nodes = () =>
  z
    .array(
      z
        .string()
        .regex(
          /^rediss?:\/\/(\[[0-9a-fA-F:.]+\]|[^\s/?#@:[\]]+):\d{1,5}\/?$/,
          'expected redis://host:port or rediss://host:port, without user, password and database',
        ),
    )
    .min(1)

const username = () => z.string().min(1).optional()
const password = () => z.string().min(1).optional()

const addresses = () =>
  z
    .record(z.string().regex(address, expectedAddress), z.string().regex(address, expectedAddress))
    .optional()
    .describe(
      'Where a server is reached from here that the others know by another address: `{ "10.0.0.1:6379": "redis.example:7001" }`.',
    )

const sentinel = z
  .strictObject({
    name: z.string().min(1).describe('Name of the master that the Sentinels watch.'),
    nodes: nodes().describe(
      'The Sentinels, asked in this order. `rediss://` means TLS to them and to the servers.',
    ),
    username: username().describe('User of the servers.'),
    password: password().describe('Password of the servers: `${env:REDIS_PASSWORD}`.'),
    sentinelUsername: username().describe('User of the Sentinels.'),
    sentinelPassword: password().describe('Password of the Sentinels, where they ask for one.'),
    db: count(0, 65_535).prefault(0).describe('Number of the database on the servers.'),
    followers: count(1, 100)
      .prefault(1)
      .describe(
        'How many replicas must follow a master before revocations go by it, because one that was replaced has none: half of the replicas, rounded up.',
      ),
    addresses: addresses(),
  })
  .describe('A master with replicas, found by way of Redis Sentinel.')

const cluster = z
  .strictObject({
    nodes: nodes().describe(
      'Some nodes of the cluster; the others are learnt from them. `rediss://` means TLS to all.',
    ),
    username: username().describe('User of every node.'),
    password: password().describe('Password of every node: `${env:REDIS_PASSWORD}`.'),
    followers: count(0, 100)
      .prefault(0)
      .describe(
        'How many replicas must follow a node before revocations go by it; 1 where every node has one, so that a node that was frozen and replaced is not gone by for a moment.',
      ),
    addresses: addresses(),
  })
  .describe('A Redis Cluster, Redis 7 or later.')

const tls = z
  .strictObject({
    ca: z.string().optional().describe('Private certificate authority, PEM: `${file:redis-ca.pem}`.'),
    serverName: z
      .string()
      .optional()
      .describe(
        'Name to verify and to send as SNI on every connection, where Sentinels and nodes tell addresses that certificates do not have.',
      ),
    verify: flag()
      .prefault(true)
      .describe('Verify certificates; `false` needs `insecure: [unverified-redis-tls]`.'),
  })
  .optional()
  .describe('How `rediss://` is verified; omitted: by the authorities that the runtime knows.')

export const redis = z
  .strictObject({
    url: z
      .string()
      .regex(/^rediss?:\/\//, 'expected redis://… or rediss://…')
      .optional()
      .describe('One server: `redis://user:password@host:port/database`.'),
    sentinel: sentinel.optional(),
    cluster: cluster.optional(),
    tls,
    prefix: z.string().default('sallyport:').describe('Prefix of every key.'),
    ttl: duration().prefault('5m').describe('How long a sealed entry is kept.'),
    timeout: duration().prefault('50ms').describe('Deadline of each command.'),
    entryBytes: byteSize().prefault('64KiB').describe('A larger entry is not read.'),
    lease: duration()
      .prefault('2s')
      .describe(
        'How long a replica that hears nothing from Redis trusts its memory without asking the store, and how long a revocation waits for one that is silent; 500ms to 10s, the same on every replica.',
      ),
  })
  .optional()
  .describe(
    'Shared tier; optional. Entries are sealed, so that whoever writes to Redis still cannot grant. Exactly one of `url`, `sentinel` and `cluster`.',
  )

export type RedisSettings = NonNullable<z.output<typeof redis>>
/** Where Redis is, and how it is connected to. */
export type RedisServers = Pick<RedisSettings, 'url' | 'sentinel' | 'cluster' | 'tls'>
