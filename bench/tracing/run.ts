/**
 * `npm run bench:tracing`: what tracing costs a request whose token is in memory, from none of it to a span of everything.
 * @module
 */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Scope } from '../../test/support/private-server.ts'
import { readMetrics } from '../../test/support/read-metrics.ts'
import { medianOf } from '../comparison.ts'
import {
  type Configuration,
  type GatewayProcess,
  newRecord,
  startGatewayProcess,
} from '../gateway-process.ts'
import { type Contestant, inRounds, type Rounds } from '../in-rounds.ts'
import { plainTraffic } from '../load/traffic.ts'
import { loadCore, pin, subjectCore } from '../pin.ts'
import { machineFacts, table } from '../report.ts'
import { startNodeServer } from '../subjects/node-server.ts'
import { startUpstream } from '../upstream/upstream.ts'

const usage = `npm run bench:tracing -- [options]

  --rounds N         rounds (5)
  --seconds N        seconds that each is measured in a round, after it was warmed up (3)
  --results FOLDER   where tracing.md is written (bench/results)
  --help             this text
`

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    results: { type: 'string', default: join(import.meta.dirname, '../results') },
    help: { type: 'boolean', default: false },
  },
})
const rounds: Rounds = { count: Number(options.rounds), seconds: Number(options.seconds) }

if (options.help) process.stdout.write(usage)
else if (rounds.count > 0 && rounds.seconds > 0) await bench()
else {
  process.stderr.write(`--rounds and --seconds are positive\n\n${usage}`)
  process.exitCode = 2
}

/** A gateway that is measured. */
type Traced = Contestant & { readonly gateway: GatewayProcess }

async function bench(): Promise<void> {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
  pin(process.pid, loadCore)
  const started: (() => unknown)[] = []
  try {
    const contestants = await start({ teardown: (stop) => started.push(stop) })
    const measured = await inRounds(contestants, rounds)
    const rows = contestants.map(async ({ name, gateway }) => {
      const { cpuUsPerRequest, requestsPerSecond, p99Us } = medianOf(measured.get(name) ?? [])
      return [
        name,
        cpuUsPerRequest.toFixed(1),
        Math.round(requestsPerSecond).toLocaleString('en'),
        (p99Us / 1000).toFixed(2),
        await shareDropped(gateway),
      ]
    })
    publish(await Promise.all(rows))
  } finally {
    for (const stop of started.reverse()) await stop()
  }
}

async function start(scope: Scope): Promise<readonly Traced[]> {
  const upstream = await startUpstream(scope)
  // Beside the load, as it would be on another machine.
  const collector = await startNodeServer('../tracing/collector.ts', [], scope, fetch)
  const endpoint = `${collector.url}/v1/traces`
  const record = newRecord()
  const contestants: Traced[] = []
  const settings: Readonly<Record<string, Configuration['tracing']>> = {
    off: undefined,
    'context only': {},
    'sampling 0': { endpoint, sampling: { ratio: 0 } },
    'sampling 0.01': { endpoint, sampling: { ratio: 0.01 } },
    'sampling 1': { endpoint, sampling: { ratio: 1 } },
  }
  for (const [name, tracing] of Object.entries(settings)) {
    const gateway = await startGatewayProcess(
      scope,
      {
        upstreams: { bench: { url: upstream.url } },
        routes: [{ name: 'everything', match: { path: '/{rest*}' }, upstream: 'bench' }],
        log: { level: 'silent', requests: false },
        ...(tracing && { tracing }),
      },
      { record },
    )
    pin(gateway.pid, subjectCore)
    contestants.push({
      name,
      gateway,
      url: gateway.url,
      pids: [gateway.pid],
      traffic: { ...plainTraffic, tokens: [] },
    })
  }
  const { text } = (await contestants[0]?.gateway.issue()) ?? { text: '' }
  return contestants.map((contestant) => ({
    ...contestant,
    traffic: { ...plainTraffic, tokens: [text] },
  }))
}

/** Of the spans that were made; «none» where there was none. */
async function shareDropped({ adminPort }: GatewayProcess): Promise<string> {
  const samples = await readMetrics(adminPort)
  const of = (result: string) => samples.get(`sallyport_spans_total{result="${result}"}`) ?? 0
  const lost = of('dropped') + of('undelivered') + of('rejected')
  const made = lost + of('exported')
  return made === 0 ? 'none made' : `${((100 * lost) / made).toFixed(1)} %`
}

function publish(rows: readonly (readonly string[])[]): void {
  const facts = Object.entries({ ...machineFacts(), ...rounds }).map(([name, value]) => `${name}: ${value}`)
  const head = ['tracing', 'CPU µs per request', 'requests/s', 'p99 ms', 'spans lost']
  const text = `${table(head, rows)}\n\n${facts.join('; ')}\n`
  mkdirSync(options.results, { recursive: true })
  writeFileSync(join(options.results, 'tracing.md'), text)
  process.stdout.write(text)
}
