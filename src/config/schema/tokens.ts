/**
 * `keys`, `store`, `cache` and `systemToken`: where tokens are recorded and how long what is known of them is trusted.
 * @module
 */

import { z } from 'zod'
import { age, cidr, count, duration, flag } from './primitives.ts'
import { redis } from './redis.ts'

export const keys = z
  .strictObject({
    file: z
      .string()
      .optional()
      .describe(
        'Path of the key ring, as `sallyport key generate` writes it; relative to the working directory. Followed while the gateway runs.',
      ),
    ring: z
      .string()
      .optional()
      .describe('The key ring itself: `${env:SALLYPORT_KEYS}`. Read at the start only.'),
  })
  .describe('The key ring that peppers digests and seals entries. Exactly one of `file` and `ring`.')

/** How any server of PostgreSQL is reached. */
const postgresServer = {
  url: z.string().regex(/^postgres(ql)?:\/\//, 'expected postgres://user:password@host:port/database'),
  connections: count(1, 1000).prefault(10).describe('Connections of the look-up pool.'),
  timeout: duration().prefault('2s').describe('Deadline of connecting and of each query.'),
  verifyTls: flag().optional().describe('Omitted: as `sslmode` in the URL says.'),
  pooling: z
    .enum(['session', 'transaction'])
    .optional()
    .describe(
      '`transaction`: the URL leads to PgBouncer, or another pooler, in transaction mode; see docs/operations.md. Omitted: each connection is a session of the server.',
    ),
}

const hasNoOptionsForPooler = ({ url, pooling }: { url: string; pooling?: string | undefined }) =>
  pooling !== 'transaction' || !/[?&]options=/.test(url)
const optionsForPooler = {
  path: ['url'],
  error:
    'a pooler takes no `options`: set them for the role, as in ALTER ROLE sallyport SET search_path = tokens',
}

const readReplica = z
  .strictObject({
    ...postgresServer,
    timeout: duration()
      .prefault('250ms')
      .describe(
        'How long a look-up waits for a connection, and then for the answer, before the primary is asked.',
      ),
  })
  .refine(hasNoOptionsForPooler, optionsForPooler)
  .describe(
    'A streaming replica that spares the primary look-ups. Whatever it may not have heard of yet is asked of the primary; see docs/operations.md.',
  )

const postgres = z
  .strictObject({ ...postgresServer, replica: readReplica.optional() })
  .refine(hasNoOptionsForPooler, optionsForPooler)
  .refine(({ url, replica }) => replica?.url !== url, {
    path: ['replica', 'url'],
    error: 'expected another server than that of store.postgres.url',
  })

const sqlite = z.strictObject({
  path: z
    .string()
    .min(1)
    .describe(
      'Path of the database file, relative to the working directory; its folder is made when missing.',
    ),
})

const purge = z
  .strictObject({
    every: duration({ zero: true })
      .prefault('24h')
      .describe('Time between two purges, by one replica for all; 0s never.'),
    olderThan: age()
      .prefault('90d')
      .describe('How long a token has been revoked or expired when its record is removed.'),
    sessionsOlderThan: age()
      .prefault('24h')
      .describe(
        'How long a session, which a login at the gateway makes, has been expired when its record is removed; no longer than `olderThan` in any case.',
      ),
    auditOlderThan: age()
      .optional()
      .describe(
        'How old an entry of the audit record is when it is removed. Omitted: all are kept for ever.',
      ),
  })
  .prefault({})
  .describe('What is removed because nobody can use it any more.')

export const store = z
  .strictObject({
    postgres: postgres.optional(),
    sqlite: sqlite.optional(),
    migrations: z
      .enum(['auto', 'manual'])
      .default('auto')
      .describe(
        'auto: `serve` brings the schema up to date. manual: it refuses to start until `migrate` did.',
      ),
    outageGrace: duration({ zero: true })
      .prefault('60s')
      .describe(
        'How long tokens that are known from memory or Redis are still served while the store does not answer; 0s not at all.',
      ),
    lastUsedInterval: duration({ zero: true })
      .prefault('60s')
      .describe('How often the last use of tokens is recorded, in one batch; 0s never.'),
    rehashForeign: flag()
      .prefault(true)
      .describe(
        'Whether an imported token gets the keyed digest of its text when that is first presented, and is found like a native one from then on.',
      ),
    purge,
  })
  .describe('The record of all tokens. Exactly one of `postgres` and `sqlite`.')

export const cache = z
  .strictObject({
    memory: z
      .strictObject({
        entries: count(0, 10_000_000)
          .prefault(50_000)
          .describe('Tokens held in memory; 0 turns the tier off.'),
        ttl: duration().prefault('60s').describe('How long an entry is used; up to a tenth less, at random.'),
        absentTtl: duration({ zero: true })
          .prefault('1s')
          .describe('How long «no such token» is remembered; 0s never.'),
        absentEntries: count(1, 10_000_000)
          .prefault(10_000)
          .describe('How many unknown credentials are remembered.'),
      })
      .prefault({}),
    redis,
    pollInterval: duration()
      .prefault('250ms')
      .describe('How often changes (revocations, disabled subjects) are fetched from the store.'),
    lease: duration()
      .prefault('900ms')
      .describe('How long memory and Redis are trusted after the last fetch that succeeded; at most 1s.'),
  })
  .prefault({})
  .describe('What may be remembered of the store, and for how long.')

export const systemToken = z
  .strictObject({
    networks: z
      .array(cidr())
      .default([])
      .describe('Internal networks that the system token is accepted from; an empty list means nowhere.'),
  })
  .prefault({})
  .describe('The token of internal services: passes every rule of the routes that admit it, never expires.')

export type StoreSettings = z.output<typeof store>
export type CacheSettings = z.output<typeof cache>
export type KeySettings = z.output<typeof keys>
