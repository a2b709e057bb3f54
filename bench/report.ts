/**
 * What the bench found, as the table that people read: medians over the rounds, each against the baseline.
 * @module
 */

import { arch, cpus, platform, release } from 'node:os'

/** One subject under load in one round. */
export interface Measurement {
  readonly subject: string
  readonly requestsPerSecond: number
  readonly cpuMicrosecondsPerRequest: number
  readonly residentBytes: number
}

type Median = Omit<Measurement, 'subject'>

export interface Results {
  readonly machine: ReturnType<typeof machineFacts>
  readonly conditions: Readonly<Record<string, string | number | boolean>>
  readonly medians: Readonly<Record<string, Median>>
  readonly measurements: readonly Measurement[]
}

/** What must be known of the machine to compare its figures with others. */
export function machineFacts() {
  const cores = cpus()
  return {
    processor: cores[0]?.model.trim() ?? 'unknown',
    cores: cores.length,
    node: process.version,
    system: `${platform()} ${release()} ${arch()}`,
  } as const
}

/** The median of each subject, in the order in which they first appear. */
export function mediansOf(measurements: readonly Measurement[]): Record<string, Median> {
  const bySubject = Object.groupBy(measurements, ({ subject }) => subject)
  return Object.fromEntries(
    Object.entries(bySubject).map(([subject, rounds = []]) => [
      subject,
      {
        requestsPerSecond: median(rounds.map((round) => round.requestsPerSecond)),
        cpuMicrosecondsPerRequest: median(rounds.map((round) => round.cpuMicrosecondsPerRequest)),
        residentBytes: median(rounds.map((round) => round.residentBytes)),
      },
    ]),
  )
}

/** The table, with the facts and conditions under it. Ratios are left out for a baseline that was not measured. */
export function markdown({ machine, conditions, medians }: Results, baseline: string): string {
  const base = medians[baseline]
  const rows = Object.entries(medians).map(([subject, median]) => [
    subject,
    Math.round(median.requestsPerSecond).toLocaleString('en'),
    median.cpuMicrosecondsPerRequest.toFixed(1),
    String(Math.round(median.residentBytes / 1024 ** 2)),
    ratio(median.requestsPerSecond, base?.requestsPerSecond),
    ratio(median.cpuMicrosecondsPerRequest, base?.cpuMicrosecondsPerRequest),
  ])
  const table = [
    [
      'subject',
      'requests/s',
      'CPU µs per request',
      'MiB resident',
      `requests/s to ${baseline}`,
      `CPU to ${baseline}`,
    ],
    ['---', '---:', '---:', '---:', '---:', '---:'],
    ...rows,
  ].map((cells) => `| ${cells.join(' | ')} |`)
  const facts = Object.entries({ ...machine, ...conditions }).map(([name, value]) => `${name}: ${value}`)
  return `${table.join('\n')}\n\n${facts.join('; ')}\n`
}

function ratio(value: number, base: number | undefined): string {
  return base === undefined ? '' : `${(value / base).toFixed(2)} ×`
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const [low = Number.NaN, high = low] =
    sorted.length % 2 === 1 ? sorted.slice(middle) : sorted.slice(middle - 1)
  return sorted.length % 2 === 1 ? low : (low + high) / 2
}
