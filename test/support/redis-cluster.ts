/**
 * A Redis Cluster of real servers, three masters unless told otherwise, each with a replica: nodes can be killed and
 * frozen, slots moved.
 * @module
 */

import { spawnSync } from 'node:child_process'
import { Command, Redis } from 'ioredis'
import { freePort } from './free-port.ts'
import type { Scope, Server } from './private-server.ts'
import { startRedis } from './redis.ts'
import { ask } from './redis-sentinel.ts'
import { findProgram } from './run-process.ts'
import { until } from './until.ts'

export interface RedisCluster {
  /** Ready to be used as `cache.redis.cluster`. */
  readonly settings: { readonly nodes: string[] }
  readonly nodes: readonly Server[]
  /** The master that holds the slot of `key`; waits until most nodes agree. */
  holderOf(key: string): Promise<Server>
  /** Moves the slot of `key`, with all that is in it, to the node `to`. */
  moveSlot(key: string, to: Server): Promise<void>
  /** The masters at present. */
  masters(): Promise<readonly Server[]>
}

export interface ClusterPlan {
  /** After which a node that is silent is replaced. */
  readonly nodeTimeoutMs?: number
}

/** Returns when every node says that the cluster is whole. */
export async function startRedisCluster(
  t: Scope,
  { nodeTimeoutMs = 1_500 }: ClusterPlan = {},
): Promise<RedisCluster> {
  const nodes: Server[] = []
  for (let each = 0; each < 6; each++) {
    const node = await startRedis({
      args: [
        ...['--cluster-enabled', 'yes', '--cluster-port', String(await freePort())],
        ...['--cluster-node-timeout', String(nodeTimeoutMs), '--repl-diskless-sync-delay', '0'],
      ],
    })
    t.teardown(() => node.stop())
    nodes.push(node)
  }
  create(nodes)
  await until(async () => (await Promise.all(nodes.map(isWhole))).every(Boolean), 30_000)

  const byPort = (port: number) => nodes.find((node) => node.port === port)
  const viewOf = async (node: Server) => slotsOf(await ask(node.port, (redis) => redis.cluster('SLOTS')))
  const mostNamed = async (slot: number) => {
    const views = await Promise.all(nodes.map(viewOf))
    const ports = views.map((view) => view.find(({ from, to }) => from <= slot && slot <= to)?.master)
    return nodes.find((node) => ports.filter((port) => port === node.port).length > nodes.length / 2)
  }
  const holderOf = async (key: string) => {
    let present: Server | undefined
    await until(async () => {
      present = await mostNamed(new Command('get', [key]).getSlot())
      return present !== undefined
    })
    return present as Server
  }
  return {
    settings: { nodes: nodes.map(({ port }) => `redis://127.0.0.1:${port}`) },
    nodes,
    holderOf,
    async masters() {
      const view = await viewOf(await holderOf('any'))
      return [...new Set(view.map(({ master }) => byPort(master)))].filter((node) => node !== undefined)
    },
    async moveSlot(key, to) {
      await moveSlot(new Command('get', [key]).getSlot(), await holderOf(key), to, nodes)
    },
  }
}

function create(nodes: readonly Server[]): void {
  const { status, stdout } = spawnSync(
    findProgram('redis-cli') ?? 'redis-cli',
    [
      ...['--cluster', 'create', ...nodes.map(({ port }) => `127.0.0.1:${port}`)],
      ...['--cluster-replicas', '1', '--cluster-yes'],
    ],
    { encoding: 'utf8', timeout: 60_000 },
  )
  if (status !== 0) throw new Error(`redis-cli could not make a cluster:\n${stdout}`)
}

async function isWhole({ port }: Server): Promise<boolean> {
  const [info, replication] = [
    await ask(port, (redis) => redis.cluster('INFO')),
    await ask(port, (redis) => redis.info('replication')),
  ]
  const isConnected = /role:master.*state=online|master_link_status:up/s.test(String(replication))
  return /cluster_state:ok.*cluster_known_nodes:6/s.test(String(info)) && isConnected
}

function slotsOf(answer: unknown): { from: number; to: number; master: number }[] {
  if (!Array.isArray(answer)) return []
  return answer.map(([from, to, master]) => ({
    from: Number(from),
    to: Number(to),
    master: Number(master[1]),
  }))
}

/** As an operator's tool does it: opened on both sides, keys moved one batch after the other, and told to all. */
async function moveSlot(slot: number, from: Server, to: Server, nodes: readonly Server[]): Promise<void> {
  if (from === to) return
  const connect = ({ port }: Server) => new Redis(port, '127.0.0.1', { protocol: 2 })
  const [source, target] = [connect(from), connect(to)]
  try {
    const ids = { from: String(await source.cluster('MYID')), to: String(await target.cluster('MYID')) }
    await target.cluster('SETSLOT', slot, 'IMPORTING', ids.from)
    await source.cluster('SETSLOT', slot, 'MIGRATING', ids.to)
    for (;;) {
      const keys = (await source.cluster('GETKEYSINSLOT', slot, 100)) as string[]
      if (keys.length === 0) break
      await source.call('MIGRATE', '127.0.0.1', to.port, '', 0, 5_000, 'KEYS', ...keys)
    }
    await target.cluster('SETSLOT', slot, 'NODE', ids.to)
    await source.cluster('SETSLOT', slot, 'NODE', ids.to)
  } finally {
    source.disconnect()
    target.disconnect()
  }
  await until(async () => {
    const views = await Promise.all(
      nodes.map(async ({ port }) => slotsOf(await ask(port, (redis) => redis.cluster('SLOTS')))),
    )
    return views.every((view) =>
      view.some((part) => part.from <= slot && slot <= part.to && part.master === to.port),
    )
  })
}
