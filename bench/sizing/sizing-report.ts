/**
 * What was found for sizing, as the tables that people read.
 * @module
 */

import { machineFacts, table } from '../report.ts'
import type { Taken } from './counters.ts'
import type { Door } from './doors.ts'
import type { TierResults } from './tiers.ts'

export interface SizingResults extends TierResults {
  readonly doors: readonly Door[]
  readonly conditions: Readonly<Record<string, number>>
}

export function sizingMarkdown(results: SizingResults): string {
  const { doors, conditions, atRest, requests, acts, memory, redisBytesPerToken } = results
  const facts = Object.entries({ ...machineFacts(), ...conditions }).map(
    ([name, value]) => `${name}: ${value}`,
  )
  return [
    table(
      ['known token, by', 'CPU µs per request', 'at least', 'requests/s of one core'],
      doors.map(({ name, cpuUsPerRequest, cpuUsAtLeast, requestsPerSecond }) => [
        name,
        cpuUsPerRequest.toFixed(1),
        cpuUsAtLeast.toFixed(1),
        Math.round(requestsPerSecond).toLocaleString('en'),
      ]),
    ),
    takenTable('per request, token', requests),
    takenTable('per', [atRest]),
    takenTable('per token', acts),
    table(
      ['gateway', 'MiB resident', 'MiB heap used'],
      memory.map(({ what, residentBytes, heapUsedBytes }) => [
        what,
        mebibytes(residentBytes),
        mebibytes(heapUsedBytes),
      ]),
    ),
    `${Math.round(redisBytesPerToken)} bytes of Redis for each token`,
    facts.join('; '),
  ]
    .join('\n\n')
    .concat('\n')
}

function takenTable(first: string, found: readonly Taken[]): string {
  const head = [
    'statements',
    'transactions',
    'WAL bytes',
    'Redis commands',
    'CPU µs gateway',
    'Redis',
    'PostgreSQL',
  ]
  return table(
    [first, ...head],
    found.map(({ what, times, counters }) => {
      const each = (count: number, digits = 2) => (count / times).toFixed(digits)
      const commands = Object.entries(counters.redisCommands).map(([name, calls]) => `${name} ${each(calls)}`)
      return [
        what,
        each(counters.statements),
        each(counters.transactions),
        each(counters.walBytes, 0),
        commands.join(', ') || '0',
        each(counters.gatewayCpuUs, 0),
        each(counters.redisCpuUs, 1),
        each(counters.postgresCpuUs, 0),
      ]
    }),
  )
}

function mebibytes(bytes: number): string {
  return Math.round(bytes / 1024 ** 2).toLocaleString('en')
}
