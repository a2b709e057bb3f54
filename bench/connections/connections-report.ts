/**
 * What crowds of connections cost, as JSON, as a chart and as the table that people read.
 * @module
 */

import { lineChart } from '../chart.ts'
import type { Usage } from '../gateway-process.ts'
import { type machineFacts, table } from '../report.ts'
import type { Answered } from './good-client.ts'
import type { Held } from './hold.ts'
import type { Scenario } from './scenarios.ts'

export interface Crowded extends Pick<Scenario, 'title' | 'letGoMs'> {
  readonly name: string
  readonly count: number
  /** Without the crowd; soon after its last connection was opened; after the crowd. */
  readonly before: Usage
  readonly full: Usage
  readonly after: Usage
  readonly held: Held
  readonly end: Held
  /** By the service that was asked. */
  readonly good: Readonly<Record<string, readonly Answered[]>>
  readonly resident: readonly (readonly [seconds: number, bytes: number])[]
  readonly crowdFromSeconds: number
  readonly crowdToSeconds: number
}

interface ConnectionsResults {
  readonly machine: ReturnType<typeof machineFacts> & { readonly memoryGib: number }
  readonly crowds: readonly Crowded[]
}

const mebibyte = 1024 ** 2

/** Writes the files and yields the tables. */
export function publish(results: ConnectionsResults, write: (name: string, content: string) => void): string {
  const { machine, crowds } = results
  const facts = Object.entries(machine).map(([name, value]) => `${name}: ${value}`)
  const text = `${[memoryTable(crowds), endTable(crowds), goodTable(crowds), facts.join('; ')].join('\n\n')}\n`
  const lines = crowds.map(({ name, resident }) => ({
    name,
    points: resident.map(([seconds, bytes]) => [seconds, bytes / mebibyte] as const),
  }))
  // Of the good clients' thousands of answers the table has what matters.
  const kept = crowds.map(({ good: _, ...crowd }) => crowd)
  write('connections.json', `${JSON.stringify({ machine, crowds: kept })}\n`)
  write('connections.md', text)
  write(
    'connections.svg',
    lineChart({
      title: 'RSS of a gateway beside crowds of connections',
      xLabel: 'seconds',
      yLabel: 'MiB',
      lines,
    }),
  )
  return text
}

function memoryTable(crowds: readonly Crowded[]): string {
  return table(
    ['connections', 'opened', 'open then', 'MiB before', 'full', 'peak', 'after', 'KiB each'],
    crowds.map(({ title, count, held, before, full, after, resident }) => [
      title,
      count.toLocaleString('en'),
      held.open.toLocaleString('en'),
      mebibytes(before.residentBytes),
      mebibytes(full.residentBytes),
      mebibytes(resident.reduce((max, [, bytes]) => Math.max(max, bytes), 0)),
      mebibytes(after.residentBytes),
      held.open < count / 2
        ? ''
        : ((full.residentBytes - before.residentBytes) / held.open / 1024).toFixed(1),
    ]),
  )
}

function endTable(crowds: readonly Crowded[]): string {
  return table(
    [
      'connections',
      'first answers',
      'closed by the gateway',
      'promised within',
      'after',
      'still open',
      'fds before',
      'after',
    ],
    crowds.map(({ title, end, letGoMs, before, after }) => [
      title,
      Object.entries(end.answers)
        .map(([status, count]) => `${count} × ${status}`)
        .join(', '),
      end.closed.toLocaleString('en'),
      letGoMs === undefined ? '' : `${letGoMs / 1000} s`,
      end.heldMs === undefined ? '' : end.heldMs.map((ms) => `${(ms / 1000).toFixed(1)} s`).join(' to '),
      String(end.open),
      String(before.fileDescriptors),
      String(after.fileDescriptors),
    ]),
  )
}

function goodTable(crowds: readonly Crowded[]): string {
  return table(
    [
      'a good client beside',
      'at',
      'ms before: median',
      'p99',
      'meanwhile: median',
      'p99',
      'worst',
      'not served',
    ],
    crowds.flatMap(({ title, good, crowdFromSeconds: from, crowdToSeconds: to }) =>
      Object.entries(good).map(([where, answered]) => {
        const before = latency(answered.filter(({ seconds }) => seconds < from))
        const meanwhile = latency(answered.filter(({ seconds }) => seconds >= from && seconds < to))
        const figures = [before.median, before.p99, meanwhile.median, meanwhile.p99, meanwhile.worst]
        return [title, where, ...figures, `${meanwhile.failed} of ${meanwhile.count}`]
      }),
    ),
  )
}

function latency(answered: readonly Answered[]) {
  const took = answered.flatMap(({ tookMs }) => tookMs ?? []).toSorted((a, b) => a - b)
  const at = (share: number) => {
    const ms = took[Math.min(took.length - 1, Math.floor(took.length * share))]
    return ms === undefined ? '' : ms.toFixed(1)
  }
  const failed = answered.length - took.length
  return { median: at(0.5), p99: at(0.99), worst: at(1), failed, count: answered.length }
}

function mebibytes(bytes: number): string {
  return String(Math.round(bytes / mebibyte))
}
