/**
 * `npm run bench:memory`: what a gateway takes of memory and of processor time under the load of `npm run bench`, for
 * each way to start it. All are started at once and loaded in turn, in rounds whose order rotates.
 * @module
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Scope } from '../../test/support/private-server.ts'
import {
  type Configuration,
  type GatewayProcess,
  type StartOptions,
  startGatewayProcess,
} from '../gateway-process.ts'
import { load } from '../load/load.ts'
import { plainTraffic } from '../load/traffic.ts'
import { cpuMicroseconds } from '../measure-cpu.ts'
import { loadCore, pin, subjectCore } from '../pin.ts'
import { machineFacts, median } from '../report.ts'
import { startUpstream } from '../upstream/upstream.ts'

const usage = `npm run bench:memory -- [options]

  --rounds N         rounds (5)
  --seconds N        seconds that each is measured in a round, after one of warming up (4)
  --results FOLDER   where memory.json and memory.md are written (bench/results)
  --help             this text
`

const semiSpace = (mebibytes: number) => `--max-semi-space-size=${mebibytes}`
const ways: Readonly<Record<string, StartOptions>> = {
  'the sources': { from: 'src' },
  compiled: {},
  [semiSpace(16)]: { flags: [semiSpace(16)] },
  [semiSpace(8)]: { flags: [semiSpace(8)] },
  [semiSpace(4)]: { flags: [semiSpace(4)] },
  [semiSpace(2)]: { flags: [semiSpace(2)] },
  [`${semiSpace(4)} --max-old-space-size=64`]: { flags: [semiSpace(4), '--max-old-space-size=64'] },
  [`${semiSpace(4)}, MALLOC_ARENA_MAX=2`]: { flags: [semiSpace(4)], env: { MALLOC_ARENA_MAX: '2' } },
  [`${semiSpace(4)} --optimize-for-size`]: { flags: [semiSpace(4), '--optimize-for-size'] },
}
const warmupSeconds = 1

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    results: { type: 'string', default: join(import.meta.dirname, '../results') },
    help: { type: 'boolean', default: false },
  },
})
const rounds = Number(options.rounds)
const seconds = Number(options.seconds)

if (options.help) process.stdout.write(usage)
else if (!(rounds > 0 && seconds > 0)) {
  process.stderr.write(`--rounds and --seconds are positive numbers\n\n${usage}`)
  process.exitCode = 2
} else await bench()

/** In MiB; `file` is the runtime itself as it lies on the disk, which processes share. */
interface Measured {
  readonly cpuMicroseconds: number
  readonly requestsPerSecond: number
  readonly resident: number
  readonly anonymous: number
  readonly file: number
  readonly heapUsed: number
  readonly external: number
}

async function bench(): Promise<void> {
  // Leaving by `exit` ends every process that was started.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
  const started: (() => unknown)[] = []
  const scope: Scope = { teardown: (stop) => started.push(stop) }
  try {
    pin(process.pid, loadCore)
    const { url } = await startUpstream(scope)
    const running: {
      name: string
      gateway: GatewayProcess
      token: string
      idle: number
      rounds: Measured[]
    }[] = []
    for (const [name, way] of Object.entries(ways)) {
      const gateway = await startGatewayProcess(scope, configurationFor(url), way)
      pin(gateway.pid, subjectCore)
      const { text: token } = await gateway.issue()
      running.push({ name, gateway, token, idle: residentOf(gateway.pid).resident, rounds: [] })
    }
    for (let round = 0; round < rounds; round++) {
      const first = round % running.length
      for (const subject of [...running.slice(first), ...running.slice(0, first)]) {
        process.stderr.write(`round ${round + 1} of ${rounds}: ${subject.name}\n`)
        subject.rounds.push(await measure(subject))
      }
    }
    publish(running)
  } finally {
    for (const stop of started.reverse()) await stop()
  }
}

async function measure({ gateway, token }: { readonly gateway: GatewayProcess; readonly token: string }) {
  const traffic = { ...plainTraffic, tokens: [token] }
  await load(gateway.url, warmupSeconds, traffic)
  const before = cpuMicroseconds(gateway.pid)
  const done = await load(gateway.url, seconds, traffic)
  const spent = cpuMicroseconds(gateway.pid) - before
  const resident = residentOf(gateway.pid)
  const { heapUsedBytes, externalBytes } = await gateway.usage()
  return {
    cpuMicroseconds: spent / done.requests,
    requestsPerSecond: done.requests / done.seconds,
    heapUsed: heapUsedBytes / 1024 ** 2,
    external: externalBytes / 1024 ** 2,
    ...resident,
  }
}

function residentOf(pid: number): Pick<Measured, 'resident' | 'anonymous' | 'file'> {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1')
  const mebibytes = (field: string) =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) / 1024
  return { resident: mebibytes('VmRSS'), anonymous: mebibytes('RssAnon'), file: mebibytes('RssFile') }
}

function configurationFor(url: string): Configuration {
  return {
    upstreams: { bench: { url } },
    routes: [{ name: 'everything', match: { path: '/{rest*}' }, upstream: 'bench' }],
    log: { level: 'silent', requests: false },
  }
}

function publish(
  running: readonly { readonly name: string; readonly idle: number; readonly rounds: readonly Measured[] }[],
): void {
  const rows = running.map(({ name, idle, rounds }) => {
    const of = (figure: keyof Measured) => median(rounds.map((round) => round[figure]))
    return {
      name,
      idle,
      resident: of('resident'),
      anonymous: of('anonymous'),
      file: of('file'),
      heapUsed: of('heapUsed'),
      external: of('external'),
      cpuMicroseconds: of('cpuMicroseconds'),
    }
  })
  const head = [
    'started',
    'MiB idle',
    'under load',
    'anonymous',
    'file',
    'heap used',
    'external',
    'CPU µs per request',
  ]
  const cells = rows.map(({ name, cpuMicroseconds, ...sizes }) => [
    name,
    ...Object.values(sizes).map((size) => size.toFixed(0)),
    cpuMicroseconds.toFixed(1),
  ])
  const table = [head, ['---', ...head.slice(1).map(() => '---:')], ...cells].map(
    (row) => `| ${row.join(' | ')} |`,
  )
  const facts = Object.entries({ ...machineFacts(), rounds, seconds }).map(
    ([name, value]) => `${name}: ${value}`,
  )
  const text = `${table.join('\n')}\n\n${facts.join('; ')}\n`
  mkdirSync(options.results, { recursive: true })
  writeFileSync(
    join(options.results, 'memory.json'),
    `${JSON.stringify({ machine: machineFacts(), rows }, null, 2)}\n`,
  )
  writeFileSync(join(options.results, 'memory.md'), text)
  process.stdout.write(text)
}
