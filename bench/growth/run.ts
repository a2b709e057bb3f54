/**
 * `npm run bench:growth`: what a request costs as routes, tokens in memory, rules and processes become many.
 * @module
 */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Scope, Server } from '../../test/support/private-server.ts'
import { processTree } from '../../test/support/process-tree.ts'
import { lineChart } from '../chart.ts'
import { startGatewayProcess } from '../gateway-process.ts'
import { type Contestant, inRounds, type Rounds } from '../in-rounds.ts'
import { load } from '../load/load.ts'
import { plainTraffic } from '../load/traffic.ts'
import { allCores, loadCore, pin, subjectCore } from '../pin.ts'
import { machineFacts, median, table } from '../report.ts'
import { startUpstream } from '../upstream/upstream.ts'
import { copyTokens } from './copy-tokens.ts'
import { allSeries, type Series, type Step } from './series.ts'

const usage = `npm run bench:growth -- [options]

  --series A,B       which of ${allSeries.map(({ name }) => name).join(', ')} (all)
  --rounds N         rounds (3)
  --seconds N        seconds that each size is measured in a round, after it was warmed up (2)
  --results FOLDER   where growth.md, growth.json and growth.svg are written (bench/results)
  --help             this text
`

/** All tokens of the largest step are to be in memory before anything is measured. */
const fillsPerSecond = 5_000

/** Microseconds of processor time for each request, and requests a second, by size. */
type Points = readonly (readonly [size: number, cpuUs: number, requestsPerSecond: number])[]

const { values: options } = parseArgs({
  options: {
    series: { type: 'string', default: allSeries.map(({ name }) => name).join(',') },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '2' },
    results: { type: 'string', default: join(import.meta.dirname, '../results') },
    help: { type: 'boolean', default: false },
  },
})
const rounds: Rounds = { count: Number(options.rounds), seconds: Number(options.seconds) }
const chosen = allSeries.filter(({ name }) => options.series.split(',').includes(name))

if (options.help) process.stdout.write(usage)
else if (!(rounds.count > 0 && rounds.seconds > 0) || chosen.length === 0) {
  process.stderr.write(`--rounds and --seconds are positive, --series names one at least\n\n${usage}`)
  process.exitCode = 2
} else await bench()

async function bench(): Promise<void> {
  // Leaving by `exit` ends every process that was started.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
  pin(process.pid, loadCore)
  const found: Record<string, Points> = {}
  for (const series of chosen) found[series.name] = await measure(series)
  publish(found)
}

async function measure({ name, steps, isUnpinned = false }: Series): Promise<Points> {
  const started: (() => unknown)[] = []
  const scope: Scope = { teardown: (stop) => started.push(stop) }
  try {
    process.stderr.write(`${name}\n`)
    const upstream = await startUpstream(scope)
    const contestants: Contestant[] = []
    for (const step of steps) contestants.push(await start(step, upstream, scope, isUnpinned))
    const measured = await inRounds(contestants, rounds)
    return steps.map(({ size }) => {
      const found = measured.get(String(size)) ?? []
      return [
        size,
        median(found.map(({ cpuUsPerRequest }) => cpuUsPerRequest)),
        median(found.map(({ requestsPerSecond }) => requestsPerSecond)),
      ]
    })
  } finally {
    for (const stop of started.reverse()) await stop()
  }
}

async function start(
  { size, routes, path, tokens, token, workers }: Step,
  upstream: Server,
  scope: Scope,
  isUnpinned: boolean,
): Promise<Contestant> {
  const gateway = await startGatewayProcess(scope, {
    upstreams: { bench: { url: upstream.url } },
    routes: routes.map((route) => ({ ...route, upstream: 'bench' })),
    cache: { memory: { entries: 200_000, ttl: '1h' } },
    log: { level: 'silent', requests: false },
    ...(workers === undefined ? {} : { listen: { workers } }),
  })
  const first = await gateway.issue(token)
  const texts = tokens === 1 ? [first.text] : copyTokens(gateway.record, tokens)
  const traffic = { ...plainTraffic, path, tokens: texts }
  pin(gateway.pid, isUnpinned ? allCores : subjectCore)
  await load(gateway.url, Math.ceil(tokens / fillsPerSecond), traffic)
  return { name: String(size), url: gateway.url, pids: processTree(gateway.pid), traffic }
}

function publish(found: Readonly<Record<string, Points>>): void {
  const tables = Object.entries(found).map(([name, points]) =>
    table(
      [name, 'CPU µs per request', 'requests/s'],
      points.map(([size, cpuUs, requestsPerSecond]) => [
        size.toLocaleString('en'),
        cpuUs.toFixed(1),
        Math.round(requestsPerSecond).toLocaleString('en'),
      ]),
    ),
  )
  const facts = Object.entries({ ...machineFacts(), ...rounds }).map(([name, value]) => `${name}: ${value}`)
  const text = `${[...tables, facts.join('; ')].join('\n\n')}\n`
  const lines = Object.entries(found).map(([name, points]) => ({
    name,
    points: points.map(([size, cpuUs]) => [size, cpuUs] as const),
  }))
  const axes = { xLabel: 'how many', isLogarithmic: true, yLabel: 'µs' }
  mkdirSync(options.results, { recursive: true })
  writeFileSync(
    join(options.results, 'growth.json'),
    `${JSON.stringify({ ...rounds, machine: machineFacts(), found }, null, 2)}\n`,
  )
  writeFileSync(join(options.results, 'growth.md'), text)
  writeFileSync(
    join(options.results, 'growth.svg'),
    lineChart({ title: 'CPU µs per request', ...axes, lines }),
  )
  process.stdout.write(text)
}
