/**
 * `npm run bench`: the gateway beside the stock proxy and the bare upstream, loaded in turn in rounds whose
 * order rotates, so that none is always first on a machine that slows down or warms up.
 * @module
 */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Scope } from '../test/support/private-server.ts'
import { processTree } from '../test/support/process-tree.ts'
import { residentBytes } from '../test/support/sampled-memory.ts'
import { load, loadGenerator } from './load.ts'
import { cpuMicroseconds } from './measure-cpu.ts'
import { canPin, pin } from './pin.ts'
import { type Measurement, machineFacts, markdown, mediansOf, type Results } from './report.ts'
import { direct } from './subjects/direct.ts'
import { gateway, gatewayHttp2 } from './subjects/gateway.ts'
import { stock } from './subjects/stock.ts'
import type { RunningSubject, Subject } from './subjects/subject.ts'
import { startUpstream } from './upstream.ts'

const usualSubjects: readonly Subject[] = [direct, stock, gateway]
const allSubjects: readonly Subject[] = [...usualSubjects, gatewayHttp2]
const subjectCore = 0
const loadCore = 1
const warmupSeconds = 2

const usage = `npm run bench -- [options]

  --rounds N         rounds (5)
  --seconds N        seconds that each subject is measured in a round, after ${warmupSeconds} of warming up (4)
  --subjects A,B     which of ${allSubjects.map(({ name }) => name).join(', ')} (${usualSubjects.map(({ name }) => name).join(',')})
  --help             this text

Prints a table and writes bench/results/latest.md and latest.json.
`

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    subjects: { type: 'string', default: usualSubjects.map(({ name }) => name).join(',') },
    help: { type: 'boolean', default: false },
  },
})

if (options.help) process.stdout.write(usage)
else await bench(chosenSubjects(), positive('rounds'), positive('seconds'))

async function bench(subjects: readonly Subject[], rounds: number, seconds: number): Promise<void> {
  // Leaving by `exit` ends every process that was started.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
  const started: (() => unknown)[] = []
  const scope: Scope = { teardown: (stop) => started.push(stop) }
  try {
    // What this process starts stays on its core: the upstream and the load.
    pin(process.pid, loadCore)
    const upstream = await startUpstream(scope)
    const running = new Map<string, RunningSubject>()
    for (const subject of subjects) {
      const server = await subject.start(upstream, scope)
      if (server.pid !== upstream.pid) pin(server.pid, subjectCore)
      running.set(subject.name, server)
    }
    const measurements = await inRounds(running, rounds, seconds)
    publish({
      machine: machineFacts(),
      conditions: { upstream: upstream.technology, load: loadGenerator, rounds, seconds, pinned: canPin },
      medians: mediansOf(measurements),
      measurements,
    })
  } finally {
    for (const stop of started.reverse()) await stop()
  }
}

async function inRounds(
  running: ReadonlyMap<string, RunningSubject>,
  rounds: number,
  seconds: number,
): Promise<readonly Measurement[]> {
  const entries = [...running]
  const measurements: Measurement[] = []
  for (let round = 0; round < rounds; round++) {
    const first = round % entries.length
    for (const [name, subject] of [...entries.slice(first), ...entries.slice(0, first)]) {
      process.stderr.write(`round ${round + 1} of ${rounds}: ${name}\n`)
      measurements.push(await measure(name, subject, seconds))
    }
  }
  return measurements
}

async function measure(
  name: string,
  { url, pid, headers }: RunningSubject,
  seconds: number,
): Promise<Measurement> {
  await load(url, warmupSeconds, headers)
  const before = cpuMicroseconds(pid)
  const done = await load(url, seconds, headers)
  return {
    subject: name,
    requestsPerSecond: done.requests / done.seconds,
    cpuMicrosecondsPerRequest: (cpuMicroseconds(pid) - before) / done.requests,
    residentBytes: processTree(pid).reduce((sum, member) => sum + residentBytes(member), 0),
  }
}

function publish(results: Results): void {
  const folder = join(import.meta.dirname, 'results')
  const table = markdown(results, stock.name)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'latest.json'), `${JSON.stringify(results, null, 2)}\n`)
  writeFileSync(join(folder, 'latest.md'), table)
  process.stdout.write(table)
}

function chosenSubjects(): readonly Subject[] {
  const names = options.subjects.split(',')
  const unknown = names.filter((name) => !allSubjects.some((subject) => subject.name === name))
  if (unknown.length > 0) return misuse(`no such subject: ${unknown.join(', ')}`)
  return allSubjects.filter(({ name }) => names.includes(name))
}

function positive(name: 'rounds' | 'seconds'): number {
  const number = Number(options[name])
  return Number.isInteger(number) && number > 0 ? number : misuse(`--${name} is not a positive whole number`)
}

function misuse(problem: string): never {
  process.stderr.write(`${problem}\n\n${usage}`)
  process.exit(2)
}
