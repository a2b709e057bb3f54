/**
 * The metrics of all workers of one machine as one exposition. What a worker counted stays in the sums when it has
 * ended, as far as it was heard, so that no series goes back.
 * @module
 */

import { collectDefaultMetrics, Registry } from 'prom-client'
import { cellFamily, gaugeOf } from './exposition.ts'
import { addUp, countsOf, type Exposition, readExposition, writeExposition } from './exposition-sum.ts'

/** Kept by the primary. Functions without `this`: each may be handed on by itself. */
export interface WorkerMetrics {
  /** A worker, by its number, exposes this text now. */
  heard(worker: number, text: string): void
  /** A worker has ended: its gauges are gone, its counts stay. */
  ended(worker: number): void
  /** Another process takes the place of one that has ended. */
  restarted(): void
  /** Where it is read at a scrape how many workers are open. */
  watchWorkers(open: () => number): void
  readonly contentType: string
  /** All that was heard, with the metrics of the primary itself. */
  expose(): Promise<string>
}

export function createWorkerMetrics(): WorkerMetrics {
  const processMetrics = new Registry()
  processMetrics.setDefaultLabels({ worker: 'primary' })
  collectDefaultMetrics({ register: processMetrics })
  const restarts = cellFamily(
    'counter',
    'sallyport_workers_restarted_total',
    'Workers that ended by themselves and were replaced.',
  )
  const restarted = restarts.cell()
  let readOpen = () => 0
  const workers = gaugeOf('sallyport_workers', 'Workers that take requests.', () => readOpen())
  const living = new Map<number, Exposition>()
  let past: Exposition = new Map()

  return {
    heard: (worker, text) => void living.set(worker, readExposition(text)),
    ended: (worker) => {
      const last = living.get(worker)
      living.delete(worker)
      if (last !== undefined) past = addUp([past, countsOf(last)])
    },
    restarted: () => {
      restarted.value += 1
    },
    watchWorkers: (open) => {
      readOpen = open
    },
    contentType: processMetrics.contentType,
    expose: async () => {
      const own = readExposition(workers.render() + restarts.render() + (await processMetrics.metrics()))
      return writeExposition(addUp([...living.values(), past, own]))
    },
  }
}
