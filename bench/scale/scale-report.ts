/**
 * What was found at one size, as JSON and as the tables that people read.
 * @module
 */

import { type machineFacts, table } from '../report.ts'
import type { Feat } from './measure-changes.ts'
import type { Latency } from './sampled.ts'
import type { StoreSize } from './store-size.ts'

export interface ScaleResults {
  readonly machine: ReturnType<typeof machineFacts> & { readonly memoryGib: number }
  readonly server: readonly string[]
  readonly tokens: number
  readonly fillMs: number
  readonly size: StoreSize
  readonly figures: Readonly<Record<string, Latency>>
  readonly feats: Readonly<Record<string, Feat>>
}

export function scaleMarkdown(results: ScaleResults): string {
  const { machine, server, tokens, fillMs, size, figures, feats } = results
  const perSecond = Math.round(tokens / (fillMs / 1000))
  const conditions = [
    `${count(tokens)} tokens; inserted in ${seconds(fillMs)} (${count(perSecond)} a second, all indices in place)`,
    `VACUUM ANALYZE ${seconds(size.analyzeMs)}; ${mebibytes(size.wholeBytes)} MiB in all`,
    ...Object.entries(machine).map(([name, value]) => `${name}: ${value}`),
    server.join(', '),
  ].join('; ')
  return [conditions, latencyTable(figures), featTable(feats), sizeTable(size)].join('\n\n').concat('\n')
}

function latencyTable(figures: ScaleResults['figures']): string {
  const rows = Object.entries(figures).map(([what, { samples, medianMs, p99Ms }]) => [
    what,
    milliseconds(medianMs),
    milliseconds(p99Ms),
    String(samples),
  ])
  return table(['question', 'median ms', 'p99 ms', 'samples'], rows)
}

function featTable(feats: ScaleResults['feats']): string {
  const rows = Object.entries(feats).map(([what, { tokens, tookMs, worstWaitMs }]) => [
    what,
    count(tokens),
    seconds(tookMs),
    worstWaitMs === undefined ? '' : milliseconds(worstWaitMs),
  ])
  return table(['group', 'tokens', 'took', 'worst wait of another, ms'], rows)
}

function sizeTable({ bytes }: StoreSize): string {
  const rows = Object.entries(bytes).map(([name, size]) => [name, mebibytes(size)])
  return table(['table or index', 'MiB'], rows)
}

function count(number: number): string {
  return number.toLocaleString('en')
}

function milliseconds(number: number): string {
  return number < 10 ? number.toFixed(2) : count(Math.round(number))
}

function seconds(elapsedMs: number): string {
  return `${(elapsedMs / 1000).toFixed(1)} s`
}

function mebibytes(bytes: number): string {
  const size = bytes / 1024 ** 2
  return size < 10 ? size.toFixed(1) : count(Math.round(size))
}
