/**
 * A Redis master with replicas, watched by three Sentinels: real servers that fail over within seconds.
 * @module
 */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { freePort } from './free-port.ts'
import { type Scope, type Server, serverFolder, startServer } from './private-server.ts'
import { pingRedis, startRedis } from './redis.ts'
import { findProgram } from './run-process.ts'
import { until } from './until.ts'

const masterName = 'sallyport'

export interface SentinelGroup {
  /** Ready to be used as `cache.redis.sentinel`. */
  readonly settings: { readonly name: string; readonly nodes: string[] }
  /** The first one is the master at the start. */
  readonly servers: readonly Server[]
  readonly sentinels: readonly Server[]
  /** The server that most Sentinels take for the master. */
  named(): Promise<Server>
  /** Has the Sentinels replace the master, which stays up, and returns when they agree on the new one. */
  failOver(): Promise<Server>
  /** Waits until most Sentinels name another master than `former`. */
  replaced(former: Server): Promise<Server>
}

export interface SentinelPlan {
  /** Replicas besides the master. */
  readonly replicas?: number
}

/** Returns when the Sentinels know of each other and of every replica. */
export async function startSentinelGroup(
  t: Scope,
  { replicas = 2 }: SentinelPlan = {},
): Promise<SentinelGroup> {
  const master = await startRedis({ args: replication })
  t.teardown(() => master.stop())
  const rest = Array.from({ length: replicas }, async () => {
    const replica = await startRedis({ args: [...replication, '--replicaof', '127.0.0.1', `${master.port}`] })
    t.teardown(() => replica.stop())
    return replica
  })
  const servers = [master, ...(await Promise.all(rest))]
  await until(async () => (await infoOf(master)).match(/state=online/g)?.length === replicas)
  const sentinels: Server[] = []
  for (let each = 0; each < 3; each++) {
    const sentinel = await startSentinel(master.port)
    t.teardown(() => sentinel.stop())
    sentinels.push(sentinel)
  }
  await until(() => everybodyKnows(sentinels, replicas), 20_000)

  const mostNamed = async () => {
    const ports = await Promise.all(sentinels.map(({ port }) => masterPort(port)))
    return servers.find((server) => ports.filter((port) => port === server.port).length >= 2)
  }
  const named = async () => {
    const present = await mostNamed()
    if (present === undefined) throw new Error('the Sentinels do not agree on a master')
    return present
  }
  const replaced = async (former: Server) => {
    let present: Server | undefined
    await until(async () => {
      present = await mostNamed()
      return present !== undefined && present !== former
    }, 30_000)
    return present as Server
  }
  return {
    settings: { name: masterName, nodes: sentinels.map(({ port }) => `redis://127.0.0.1:${port}`) },
    servers,
    sentinels,
    named,
    async failOver() {
      const former = await named()
      // Refused while the last failover is not over for every Sentinel.
      await until(
        () => ask(sentinels[0]?.port, (redis) => redis.call('SENTINEL', 'FAILOVER', masterName)),
        30_000,
      )
      return replaced(former)
    },
    replaced,
  }
}

/** A replica syncs at once, and nothing is kept on disk. */
const replication = ['--repl-diskless-sync-delay', '0', '--repl-ping-replica-period', '1']

async function startSentinel(masterPort: number): Promise<Server> {
  const command = findProgram('redis-server')
  if (command === undefined) throw new Error('redis-server is not installed')
  const folder = serverFolder('sentinel')
  const port = await freePort()
  const file = join(folder, 'sentinel.conf')
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${folder}`,
    `sentinel monitor ${masterName} 127.0.0.1 ${masterPort} 2`,
    `sentinel down-after-milliseconds ${masterName} 1500`,
    `sentinel failover-timeout ${masterName} 4000`,
    `sentinel parallel-syncs ${masterName} 2`,
  ]
  writeFileSync(file, `${lines.join('\n')}\n`)
  return startServer({
    command,
    args: [file, '--sentinel'],
    url: `redis://127.0.0.1:${port}`,
    port,
    folder,
    ready: () => pingRedis(port),
  })
}

async function everybodyKnows(sentinels: readonly Server[], replicas: number): Promise<boolean> {
  const answers = await Promise.all(
    sentinels.map(({ port }) => ask(port, (redis) => redis.call('SENTINEL', 'MASTER', masterName))),
  )
  return answers.every((answer) => {
    const words = Array.isArray(answer) ? answer.map(String) : []
    const field = (name: string) => Number(words[words.indexOf(name) + 1])
    return field('num-slaves') === replicas && field('num-other-sentinels') === 2
  })
}

async function masterPort(sentinelPort: number): Promise<number | undefined> {
  const answer = await ask(sentinelPort, (redis) =>
    redis.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', masterName),
  )
  return Array.isArray(answer) ? Number(answer[1]) : undefined
}

/** What INFO says of replication. */
async function infoOf({ port }: Pick<Server, 'port'>): Promise<string> {
  return String(await ask(port, (redis) => redis.info('replication')))
}

/** One command on a connection of its own; `undefined` when it fails or is not answered within a second. */
export async function ask<T>(
  port: number | undefined,
  command: (redis: Redis) => Promise<T>,
): Promise<T | undefined> {
  const redis = new Redis(port ?? 0, '127.0.0.1', {
    protocol: 2,
    retryStrategy: () => null,
    enableReadyCheck: false,
    connectTimeout: 1_000,
    commandTimeout: 1_000,
  })
  redis.on('error', () => {})
  try {
    return await command(redis)
  } catch {
    return undefined
  } finally {
    redis.disconnect()
  }
}
