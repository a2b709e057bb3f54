/**
 * Several gateways on one port, and one admin listener for all of them: the primary, which itself takes no request.
 * @module
 */

import cluster from 'node:cluster'
import { extname, join } from 'node:path'
import { startAdmin } from '../admin/admin-server.ts'
import type { CheckState, ReadinessProbe } from '../admin/readiness.ts'
import type { Settings } from '../config/schema/settings.ts'
import { placeText } from '../lib/place.ts'
import { within } from '../lib/within.ts'
import { CountDesk } from '../limits/count-desk.ts'
import { createLog, openStandardError } from '../observability/log.ts'
import { createWorkerMetrics, type WorkerMetrics } from '../observability/worker-metrics.ts'
import type { Checks } from './messages.ts'
import { WorkerPool } from './worker-pool.ts'

/** How often workers are asked what they have counted, so that one that is killed takes little of it along. */
const listenIntervalMs = 1_000

/** How long a scrape waits for a worker; then it shows what was heard of it last. */
const metricsMsMax = 2_000

/** How long readiness waits for a worker: less than the admin listener waits for all. */
const checksMsMax = 600

export interface Workers {
  /** Rejects when no worker can be kept open. */
  readonly lost: Promise<never>
  reload(): void
  /** As that of a gateway. */
  close(): Promise<void>
}

/** Resolves when all are open; rejects, with everything closed again, when one of them or the admin listener cannot start. */
export async function startWorkers(
  settings: Settings,
  configFile: string,
  workers: number,
): Promise<Workers> {
  const out = openStandardError()
  const log = createLog({ level: settings.log.level, destination: out })
  cluster.schedulingPolicy = cluster.SCHED_RR
  cluster.setupPrimary({
    exec: join(import.meta.dirname, `../main${extname(import.meta.filename)}`),
    args: ['worker', '--config', configFile],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    serialization: 'advanced',
  })
  const metrics = createWorkerMetrics()
  let isDraining = false
  const readiness: ReadinessProbe = async () => ({
    ...(await checksOf(pool, workers)),
    ...(isDraining && { dataPlane: 'draining', workers: 'draining' }),
  })
  let pool: WorkerPool | undefined
  metrics.watchWorkers(() => pool?.open.length ?? 0)
  const told = { contentType: metrics.contentType, expose: () => expose(pool, metrics) }
  const admin = await startAdmin({
    ...settings.admin,
    readiness,
    metrics: told,
    keySet: () => keySetOf(pool),
    log,
  })
  const { address, port } = admin
  pool = new WorkerPool(
    {
      workers,
      settings,
      admin: { address, port },
      log,
      out,
      metrics,
      onInForce: (next) => log.setLevel(next.log.level),
    },
    new CountDesk(),
  )
  const opened = pool
  const timer = setInterval(() => void listenTo(opened, metrics), listenIntervalMs)
  const close = async () => {
    isDraining = true
    await opened.close()
    clearInterval(timer)
    await admin.close()
  }
  try {
    const data = await opened.start()
    const places = { dataPlane: placeText(data), admin: placeText(admin) }
    log.info({ ...places, workers }, 'all workers are open')
  } catch (error) {
    await close()
    throw error
  }
  return { lost: opened.lost, reload: () => opened.reload(), close }
}

/** What is worst of each check; all must be there. */
async function checksOf(pool: WorkerPool | undefined, workers: number): Promise<Checks> {
  const open = pool?.open ?? []
  const asked = open.map((worker) => within(checksMsMax, worker.checks()).catch(() => undefined))
  const answers = await Promise.all(asked)
  const all: Record<string, CheckState> = {
    workers: open.length === workers && !answers.includes(undefined) ? 'ok' : 'failed',
  }
  for (const [name, state] of answers.flatMap((checks) => Object.entries(checks ?? {}))) {
    const former = all[name]
    if (former === undefined || severity.indexOf(state) > severity.indexOf(former)) all[name] = state
  }
  return all
}

/** All have the same ring, so that the first who answers will do. Rejects when none does in time. */
async function keySetOf(pool: WorkerPool | undefined): Promise<string> {
  const asked = (pool?.open ?? []).map(async (worker) => {
    const text = await worker.keySet()
    if (text === undefined) throw new Error('a worker did not tell its keys')
    return text
  })
  return within(checksMsMax, Promise.any(asked))
}

const severity: readonly CheckState[] = ['ok', 'degraded', 'draining', 'failed']

async function expose(pool: WorkerPool | undefined, metrics: WorkerMetrics): Promise<string> {
  if (pool !== undefined) await listenTo(pool, metrics)
  return metrics.expose()
}

/** Never rejects: of whoever does not answer, what was heard before goes on being shown. */
async function listenTo(pool: WorkerPool, metrics: WorkerMetrics): Promise<void> {
  const asked = pool.open.map(async (worker) => {
    const text = await worker.metrics()
    if (text !== undefined && worker.isOpen) metrics.heard(worker.number, text)
  })
  await within(metricsMsMax, Promise.all(asked)).catch(() => {})
}
