/**
 * What a soak found: its numbers as JSON, its curves as SVG, and the verdict as the text that people read.
 * @module
 */

import { lineChart } from '../chart.ts'
import type { Usage } from '../gateway-process.ts'
import { type machineFacts, table } from '../report.ts'
import type { Tally } from './crowd.ts'
import { type Trend, trendOf } from './trend.ts'

export type Sample = Usage & { readonly seconds: number }

export interface SoakResults {
  readonly machine: ReturnType<typeof machineFacts> & { readonly memoryGib: number }
  readonly minutes: number
  readonly reloads: number
  /** Without load: before the first client and after the last. */
  readonly before: Usage
  readonly after: Usage
  readonly kinds: Readonly<Record<string, Tally>>
  readonly samples: readonly Sample[]
}

type Figure = keyof Usage

/** What is judged, how it is shown, and by how much its floor may rise in the last two thirds before that is growth. */
const judged: readonly { figure: Figure; name: string; unit: number; tolerance: number }[] = [
  { figure: 'residentBytes', name: 'RSS, MiB', unit: 1024 ** 2, tolerance: 8 },
  { figure: 'heapUsedBytes', name: 'heap used, MiB', unit: 1024 ** 2, tolerance: 2 },
  { figure: 'externalBytes', name: 'external, MiB', unit: 1024 ** 2, tolerance: 2 },
]
/** They follow the load from second to second, so that they are judged without it. */
const handles: readonly { figure: Figure; name: string; unit: number }[] = [
  { figure: 'fileDescriptors', name: 'file descriptors', unit: 1 },
  { figure: 'activeResources', name: 'active resources', unit: 1 },
]
/** What may be left without load that was not there before it: a connection to read the figures, a timer. */
const leftBehindMax = 4

/** Writes the files and yields the text. */
export function publish(
  results: SoakResults,
  write: (name: string, content: string) => void,
): { readonly text: string; readonly isGood: boolean } {
  const trends = judged.map((row) => ({ ...row, trend: trendOf(pointsOf(results, row), row.tolerance) }))
  const left = (['fileDescriptors', 'activeResources', 'exchangesInFlight'] as const).map((figure) => ({
    figure,
    before: results.before[figure],
    after: results.after[figure],
  }))
  const failed = Object.values(results.kinds).reduce((sum, tally) => sum + tally.failed, 0)
  const isGrowing = trends.some(({ trend }) => trend.isGrowing)
  const isLeft = left.some(({ before, after }) => after > before + leftBehindMax)
  const verdict = [
    `growth: ${isGrowing ? 'yes' : 'no'}`,
    `left behind: ${isLeft ? 'yes' : 'no'}`,
    `turns otherwise than expected: ${failed}`,
  ].join('; ')
  const delays = results.samples.map(({ eventLoopDelayMs }) => eventLoopDelayMs).toSorted((a, b) => a - b)
  const text = [
    verdict,
    trendTable(trends),
    left
      .map(({ figure, before, after }) => `${figure} without load: ${before} before, ${after} after`)
      .join('; '),
    kindTable(results.kinds),
    [
      `${results.minutes} minutes; ${results.reloads} reloads`,
      `event-loop delay of a second's 99th percentile: median ${at(delays, 0.5)} ms, worst ${at(delays, 1)} ms`,
      ...Object.entries(results.machine).map(([name, value]) => `${name}: ${value}`),
    ].join('; '),
  ].join('\n\n')
  write('soak.json', `${JSON.stringify({ verdict, trends, ...results })}\n`)
  write('soak.md', `${text}\n`)
  write('soak-memory.svg', chartOf(results, 'Memory of a gateway under mixed load', 'MiB', judged))
  write('soak-handles.svg', chartOf(results, 'What it holds open', 'count', handles))
  return { text: `${text}\n`, isGood: !isGrowing && !isLeft && failed === 0 }
}

function pointsOf(
  { samples }: SoakResults,
  { figure, unit }: { readonly figure: Figure; readonly unit: number },
) {
  return samples.map((sample) => [sample.seconds, sample[figure] / unit] as const)
}

function chartOf(results: SoakResults, title: string, yLabel: string, rows: typeof handles): string {
  const lines = rows.map((row) => ({
    name: row.name.replace(', MiB', ''),
    points: pointsOf(results, row).map(([seconds, value]) => [seconds / 60, value] as const),
  }))
  return lineChart({ title, xLabel: 'minutes', yLabel, lines })
}

function trendTable(trends: readonly ((typeof judged)[number] & { readonly trend: Trend })[]): string {
  return table(
    ['floor, last two thirds', 'at the end', 'an hour', '±', 'rise', 'more than', 'growth'],
    trends.map(({ name, tolerance, trend }) => [
      name,
      trend.level.toFixed(1),
      trend.perHour.toFixed(1),
      trend.uncertaintyPerHour.toFixed(1),
      trend.rise.toFixed(1),
      String(tolerance),
      trend.isGrowing ? 'yes' : 'no',
    ]),
  )
}

function kindTable(tallies: SoakResults['kinds']): string {
  return table(
    ['clients', 'turns', 'otherwise than expected'],
    Object.entries(tallies).map(([name, { turns, failed, failures }]) => [
      name,
      turns.toLocaleString('en'),
      [failed, ...failures].join('; '),
    ]),
  )
}

function at(sorted: readonly number[], share: number): string {
  return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN).toFixed(0)
}
