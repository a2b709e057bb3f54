/**
 * What PostgreSQL and Redis have been asked so far, as they count it themselves, and the processor time that they and a
 * gateway have taken.
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { queryPostgres } from '../../test/support/postgres.ts'
import type { Scope, Server } from '../../test/support/private-server.ts'
import { redisCli } from '../../test/support/redis-cli.ts'
import { cpuMicroseconds, cpuOfEnded } from '../measure-cpu.ts'

/** Counts, by name; of two readings the difference. */
export interface Counters {
  /** Of PostgreSQL, those that open and end transactions included. */
  readonly statements: number
  readonly transactions: number
  readonly walBytes: number
  /** By name, without what is asked to read them. */
  readonly redisCommands: Readonly<Record<string, number>>
  readonly redisMemoryBytes: number
  readonly postgresCpuUs: number
  readonly redisCpuUs: number
  readonly gatewayCpuUs: number
}

export interface Reader {
  read(gatewayPid: number): Promise<Counters>
}

/** A backend that is idle tells its counts of transactions ten seconds later. */
const settlingMs = 11_000

const counted = `
SELECT (SELECT sum(calls) FROM pg_stat_statements WHERE dbid = watched.datid) AS statements,
  watched.xact_commit AS transactions, pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') AS wal
FROM pg_stat_database AS watched WHERE watched.datname = 'postgres'`

/** PostgreSQL must have loaded `pg_stat_statements`. The questions come from another database, and count there. */
export async function newReader(scope: Scope, postgres: Server, redis: Server): Promise<Reader> {
  await queryPostgres(postgres.url, 'CREATE DATABASE watching')
  const url = new URL(postgres.url)
  url.pathname = '/watching'
  const client = new Client({ connectionString: url.href })
  await client.connect()
  scope.teardown(() => client.end())
  await client.query('CREATE EXTENSION pg_stat_statements')
  return {
    async read(gatewayPid) {
      await sleep(settlingMs)
      const { rows } = await client.query<{ statements: string; transactions: string; wal: string }>(counted)
      const [{ statements, transactions, wal } = { statements: '', transactions: '', wal: '' }] = rows
      const info = String(await redisCli(redis.url, ['INFO', 'everything']))
      return {
        statements: Number(statements),
        transactions: Number(transactions),
        walBytes: Number(wal),
        redisCommands: commandsOf(info),
        redisMemoryBytes: Number(/^used_memory:(\d+)/m.exec(info)?.[1]),
        postgresCpuUs: cpuMicroseconds(postgres.pid) + cpuOfEnded(postgres.pid),
        redisCpuUs: cpuMicroseconds(redis.pid),
        gatewayCpuUs: cpuMicroseconds(gatewayPid),
      }
    },
  }
}

const ownCommands = ['info', 'command', 'client', 'hello', 'ping', 'auth', 'select']

function commandsOf(info: string): Record<string, number> {
  const found = [...info.matchAll(/^cmdstat_([\w|]+):calls=(\d+)/gm)]
  return Object.fromEntries(
    found
      .map(([, name = '', calls]) => [name, Number(calls)] as const)
      .filter(([name]) => !ownCommands.includes(name.split('|', 1)[0] ?? '')),
  )
}

/** What came between two readings. */
function between(before: Counters, after: Counters): Counters {
  const redisCommands = Object.fromEntries(
    Object.entries(after.redisCommands)
      .map(([name, calls]) => [name, calls - (before.redisCommands[name] ?? 0)] as const)
      .filter(([, calls]) => calls > 0),
  )
  return {
    redisCommands,
    statements: after.statements - before.statements,
    transactions: after.transactions - before.transactions,
    walBytes: after.walBytes - before.walBytes,
    redisMemoryBytes: after.redisMemoryBytes - before.redisMemoryBytes,
    postgresCpuUs: after.postgresCpuUs - before.postgresCpuUs,
    redisCpuUs: after.redisCpuUs - before.redisCpuUs,
    gatewayCpuUs: after.gatewayCpuUs - before.gatewayCpuUs,
  }
}

/** What happened so often, and what that took. */
export interface Taken {
  readonly what: string
  readonly times: number
  readonly counters: Counters
}

/** `times` left out: seconds, the time of the readings included. */
export async function taken(
  reader: Reader,
  { pid }: { readonly pid: number },
  what: string,
  work: () => Promise<unknown>,
  times?: number,
): Promise<Taken> {
  const before = await reader.read(pid)
  const startedAt = performance.now()
  await work()
  const after = await reader.read(pid)
  return { what, times: times ?? (performance.now() - startedAt) / 1000, counters: between(before, after) }
}
