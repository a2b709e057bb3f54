/**
 * What the bench found, as the tables that people read, and as a chart.
 * @module
 */

import { barChart } from './bar-chart.ts'
import type { Measurement } from './in-rounds.ts'
import { type machineFacts, median, table } from './report.ts'

/** One subject in one scenario. */
export interface Figures extends Measurement {
  /** The 99th percentile at half load less that of the upstream alone, in microseconds; where it was measured. */
  readonly addedAtHalfLoadUs?: number
}

export interface ScenarioResults {
  readonly name: string
  readonly title: string
  readonly upstream: string
  readonly connections: number
  /** Requests a second of the half load; where it was measured. */
  readonly halfLoad?: number
  /** By the subject's title. */
  readonly subjects: Readonly<Record<string, Figures>>
}

export interface Results {
  readonly machine: ReturnType<typeof machineFacts>
  readonly conditions: Readonly<Record<string, string | number | boolean>>
  /** Titles of all subjects, in the order of tables. */
  readonly subjects: readonly string[]
  /** Titles of subjects and scenarios that this machine lacks a package for. */
  readonly missing: readonly string[]
  readonly scenarios: readonly ScenarioResults[]
}

/** The median of each figure. */
export function medianOf(rounds: readonly Measurement[]): Measurement {
  const of = (figure: (measurement: Measurement) => number) => median(rounds.map(figure))
  return {
    requestsPerSecond: of((one) => one.requestsPerSecond),
    cpuUsPerRequest: of((one) => one.cpuUsPerRequest),
    residentBytes: of((one) => one.residentBytes),
    p50Us: of((one) => one.p50Us),
    p99Us: of((one) => one.p99Us),
    p999Us: of((one) => one.p999Us),
  }
}

/** The processor's time over all scenarios first, then all figures of each. */
export function markdown({ machine, conditions, subjects, missing, scenarios }: Results): string {
  const overview = scenarios.map((scenario) => [
    scenario.title,
    ...subjects.map((subject) => microseconds(scenario.subjects[subject]?.cpuUsPerRequest)),
  ])
  const facts = Object.entries({ ...machine, ...conditions }).map(([name, value]) => `${name}: ${value}`)
  return [
    'CPU µs per request:',
    table(['scenario', ...subjects], overview),
    ...scenarios.map(details),
    ...(missing.length === 0
      ? []
      : [`Left out, because a package is not installed here: ${missing.join(', ')}.`]),
    facts.join('; '),
  ]
    .join('\n\n')
    .concat('\n')
}

/** Only the first scenario, which is the usual request. */
export function chart({ subjects, scenarios: [usual] }: Results): string {
  const bars = subjects.flatMap((name) => {
    const value = usual?.subjects[name]?.cpuUsPerRequest
    return value === undefined ? [] : [{ name, value, isOurs: name.startsWith('Sallyport') }]
  })
  return barChart({ title: `CPU µs per request, all processes: ${usual?.title ?? ''}`, bars })
}

function details({ title, upstream, connections, halfLoad, subjects }: ScenarioResults): string {
  const isPaced = halfLoad !== undefined
  const rows = Object.entries(subjects).map(([subject, figures]) => [
    subject,
    count(figures.requestsPerSecond),
    ...[figures.p50Us, figures.p99Us, figures.p999Us].map(milliseconds),
    microseconds(figures.cpuUsPerRequest),
    String(Math.round(figures.residentBytes / 1024 ** 2)),
    ...(isPaced ? [added(figures.addedAtHalfLoadUs)] : []),
  ])
  const paced = isPaced ? [`p99 added at ${count(halfLoad)}/s, ms`] : []
  const heads = ['requests/s', 'p50 ms', 'p99 ms', 'p99.9 ms', 'CPU µs per request', 'MiB resident', ...paced]
  return `**${title}** (${upstream} behind, ${connections} connections)\n\n${table(['subject', ...heads], rows)}`
}

function added(us: number | undefined): string {
  return us === undefined ? '–' : milliseconds(us)
}

function microseconds(us: number | undefined): string {
  if (us === undefined) return '–'
  return us < 1_000 ? us.toFixed(1) : count(us)
}

function count(number: number): string {
  return Math.round(number).toLocaleString('en')
}

function milliseconds(us: number): string {
  return (us / 1000).toFixed(2)
}
