/**
 * What a replica asks of PostgreSQL and Redis: at rest, for a token from each tier, and for each act; and what tokens
 * take of memory in a gateway and in Redis.
 * @module
 */

import { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../../src/lib/clock.ts'
import { newKeyRing } from '../../src/tokens/keys/key-ring-text.ts'
import { startPostgres } from '../../test/support/postgres.ts'
import type { Scope } from '../../test/support/private-server.ts'
import { startRedis } from '../../test/support/redis.ts'
import { type GatewayProcess, startGatewayProcess, type TokenRecord } from '../gateway-process.ts'
import { pin, subjectCore } from '../pin.ts'
import { ask } from '../soak/client.ts'
import { startUpstream } from '../upstream/upstream.ts'
import { measureActs } from './acts.ts'
import { copyTokens } from './copy-tokens.ts'
import { newReader, type Taken, taken } from './counters.ts'

export interface MemoryTaken {
  readonly what: string
  readonly residentBytes: number
  readonly heapUsedBytes: number
}

export interface TierResults {
  /** `times` are seconds. */
  readonly atRest: Taken
  readonly requests: readonly Taken[]
  readonly acts: readonly Taken[]
  readonly memory: readonly MemoryTaken[]
  readonly redisBytesPerToken: number
}

/** As in production: a commit is on the disk when it is answered. */
const server = [
  'fsync=on',
  'full_page_writes=on',
  'shared_preload_libraries=pg_stat_statements',
  'max_wal_size=8GB',
]
const connections = 32

export async function measureTiers(
  scope: Scope,
  tokens: number,
  restSeconds: number,
  tell: (what: string) => void,
): Promise<TierResults> {
  const [postgres, redis] = [await startPostgres(server), await startRedis()]
  for (const { stop } of [postgres, redis]) scope.teardown(stop)
  const ring = newKeyRing(systemClock).reveal()
  const place = { postgres: { url: postgres.url, connections: 10, timeout: 2_000 } }
  const upstream = await startUpstream(scope)
  const start = async (record: TokenRecord) => {
    const gateway = await startGatewayProcess(
      scope,
      {
        upstreams: { bench: { url: upstream.url } },
        routes: [{ name: 'everything', match: { path: '/{rest*}' }, upstream: 'bench' }],
        // Longer than the bench: what is asked again because an entry has ended, or because this machine was busy, would
        // count with the rest.
        cache: {
          memory: { entries: 2 * tokens, ttl: '1h' },
          redis: { url: redis.url, ttl: '1h', timeout: '1s' },
        },
        log: { level: 'silent', requests: false },
      },
      { record },
    )
    pin(gateway.pid, subjectCore)
    return gateway
  }
  const gateway = await start({ place, ring })
  const { text } = await gateway.issue()
  tell(`${tokens} tokens`)
  const texts = await copyTokens(postgres.url, ring, tokens)
  const reader = await newReader(scope, postgres, redis)

  tell('at rest')
  const atRest = await taken(reader, gateway, 'second at rest', () => sleep(restSeconds * 1000))
  const memory = [await memoryOf(gateway, 'started')]
  tell('one token from memory')
  await askWith(
    gateway.port,
    Array.from({ length: tokens }, () => text),
  )
  memory.push(await memoryOf(gateway, 'as many requests with one token'))
  tell('each token from the store')
  const store = await taken(reader, gateway, 'from PostgreSQL', () => askWith(gateway.port, texts), tokens)
  memory.push(await memoryOf(gateway, 'one with each token'))
  const other = await start({ place, ring })
  tell('each from Redis')
  const shared = await taken(reader, other, 'from Redis', () => askWith(other.port, texts), tokens)
  tell('each from memory')
  const own = await taken(reader, other, 'from memory', () => askWith(other.port, texts), tokens)
  await other.stop()
  await gateway.stop()
  tell('acts')
  return {
    atRest,
    requests: [own, shared, store],
    acts: await measureActs(reader, gateway),
    memory,
    redisBytesPerToken: store.counters.redisMemoryBytes / tokens,
  }
}

/** Each token once, over connections that are kept. */
async function askWith(port: number, tokens: readonly string[]): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  let next = 0
  const client = async () => {
    for (let token = tokens[next++]; token !== undefined; token = tokens[next++])
      await ask({ port, agent, path: '/', token }, 200)
  }
  await Promise.all(Array.from({ length: connections }, client))
  agent.destroy()
}

/** Some seconds later, when what is garbage has had its chance. */
async function memoryOf(gateway: GatewayProcess, what: string): Promise<MemoryTaken> {
  await sleep(3_000)
  const { residentBytes, heapUsedBytes } = await gateway.usage()
  return { what, residentBytes, heapUsedBytes }
}
