/**
 * `serve` with workers as people run it: the primary, the processes under it, and who of them answered what.
 * @module
 */

import { Agent, request as httpRequest } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type GatewayProcess,
  type Installation,
  type InstallationPlan,
  newInstallation,
} from '../../support/installation.ts'
import type { Scope } from '../../support/private-server.ts'
import { processTree } from '../../support/process-tree.ts'
import { request } from '../../support/raw-request.ts'
import { readMetrics } from '../../support/read-metrics.ts'
import { type RecordingUpstream, type ReplyTo, recordingUpstream } from '../../support/recording-upstream.ts'
import { until } from '../../support/until.ts'

export interface Scene {
  readonly installation: Installation
  readonly upstream: RecordingUpstream
  readonly gateway: GatewayProcess
}

/** A route that asks for nothing. */
export const openRoutes: NonNullable<InstallationPlan['routes']> = [
  { name: 'open', match: { path: '/{path*}' }, upstream: 'legacy', authorize: { public: true } },
]

/** Two workers, ready. */
export async function startScene(
  t: Scope,
  plan: Omit<InstallationPlan, 'upstream'> = {},
  replyTo?: ReplyTo,
): Promise<Scene> {
  const upstream = await recordingUpstream(t, replyTo)
  const listen = { workers: 2, ...plan.listen }
  const installation = newInstallation(t, { ...plan, upstream: upstream.url, listen })
  const gateway = await installation.serve()
  await untilReady(gateway)
  return { installation, upstream, gateway }
}

export async function untilReady(gateway: GatewayProcess): Promise<void> {
  await until(async () => (await readinessOf(gateway)).status === 200, 30_000)
}

export async function readinessOf({ adminPort }: GatewayProcess) {
  const { status, body } = await request(adminPort, { path: '/readyz' })
  return { status, checks: JSON.parse(body.toString()).checks as Record<string, string> }
}

/** Process ids of the workers, the eldest first. */
export function workersOf({ pid }: GatewayProcess): readonly number[] {
  return processTree(pid)
    .slice(1)
    .toSorted((one, other) => one - other)
}

export function isAlive(pid: number): boolean {
  return processTree(1).includes(pid)
}

/** The lines of the log; none is torn. */
export function linesOf({ output }: GatewayProcess): readonly Record<string, unknown>[] {
  return output()
    .split('\n')
    .slice(0, -1)
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
}

/** How many requests under a path each worker has logged, once there are as many as were answered. */
export async function answeredBy(
  gateway: GatewayProcess,
  path: string,
  answered: number,
): Promise<Readonly<Record<string, number>>> {
  const lines = () => linesOf(gateway).filter((line) => line.message === 'request' && line.path === path)
  await until(() => lines().length >= answered)
  const counts: Record<string, number> = {}
  for (const { worker } of lines()) counts[`${worker}`] = (counts[`${worker}`] ?? 0) + 1
  return counts
}

export async function metricsOf({ adminPort }: GatewayProcess): Promise<ReadonlyMap<string, number>> {
  return readMetrics(adminPort)
}

/** The samples of counters and histograms alone. */
export async function countsOf({ adminPort }: GatewayProcess): Promise<ReadonlyMap<string, number>> {
  const { body } = await request(adminPort, { path: '/metrics' })
  const families = body.toString().matchAll(/^# TYPE \S+ (\w+)\n((?:[^#\n].*\n)*)/gm)
  const samples = Array.from(families, ([, type = '', lines = '']) => (type === 'gauge' ? '' : lines))
  return new Map(
    Array.from(samples.join('').matchAll(/^(.+) (\S+)$/gm), ([, series = '', value]) => [
      series,
      Number(value),
    ]),
  )
}

export interface Load {
  readonly statuses: readonly number[]
  readonly errors: readonly string[]
  /** No client asks any more; resolves when the last answer is there. */
  stop(): Promise<void>
}

/** Clients that ask one after the other, some on connections that they keep and some on new ones. */
export function startLoad({ port }: GatewayProcess, { keeping = 6, fresh = 3 } = {}): Load {
  const statuses: number[] = []
  const errors: string[] = []
  let isOver = false
  const client = async (agent: Agent) => {
    while (!isOver) {
      await ask(port, agent).then(
        (status) => statuses.push(status),
        (error: Error) => errors.push(error.message),
      )
      await sleep(5)
    }
    agent.destroy()
  }
  const clients = [
    ...Array.from({ length: keeping }, () => client(new Agent({ keepAlive: true, maxSockets: 1 }))),
    ...Array.from({ length: fresh }, () => client(new Agent({ keepAlive: false }))),
  ]
  return {
    statuses,
    errors,
    async stop() {
      isOver = true
      await Promise.all(clients)
    },
  }
}

/** Rejects on whatever a client would call an error. */
function ask(port: number, agent: Agent): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const outgoing = httpRequest(
    { host: '127.0.0.1', port, path: '/load', agent, timeout: 10_000 },
    (incoming) => {
      incoming
        .on('error', reject)
        .on('end', () => resolve(incoming.statusCode ?? 0))
        .resume()
    },
  )
  outgoing.on('timeout', () => outgoing.destroy(new Error('no answer in time')))
  outgoing.on('error', reject).end()
  return promise
}
