/**
 * `npm run profile -- SCENARIO`: where the gateway's time goes in a scenario of the bench, as a flame graph and as a table of whose it
 * is.
 * @module
 */

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Scope, serverFolder } from '../../test/support/private-server.ts'
import { load } from '../load/load.ts'
import { cpuMicroseconds } from '../measure-cpu.ts'
import { loadCore, pin, subjectCore } from '../pin.ts'
import { table } from '../report.ts'
import { allScenarios } from '../scenarios/all-scenarios.ts'
import type { Scenario } from '../scenarios/scenario.ts'
import { issueCredentials } from '../subjects/credentials.ts'
import { startGateway } from '../subjects/gateway.ts'
import { startUpstream } from '../upstream/upstream.ts'
import { type Call, callsBetween, totalUs } from './cpu-profile.ts'
import { flameGraph } from './flame-graph.ts'
import { timeByLayer } from './layers.ts'

const usage = `npm run profile -- SCENARIO [options]

  SCENARIO           one of ${allScenarios.map(({ name }) => name).join(', ')}
  --seconds N        of load that are profiled, after the gateway was warmed up (5)
  --results FOLDER   where profile-SCENARIO.svg and profile-SCENARIO.md are written (bench/results)
  --help             this text
`

const warmupSeconds = 4
/** In microseconds; V8 takes samples of a thousand unless told. */
const samplingIntervalUs = '200'

const { values: options, positionals } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    results: { type: 'string', default: join(import.meta.dirname, '../results') },
    help: { type: 'boolean', default: false },
  },
  allowPositionals: true,
})
const scenario = allScenarios.find(({ name }) => name === positionals[0])

if (options.help) process.stdout.write(usage)
else if (scenario === undefined || !(Number(options.seconds) > 0)) {
  process.stderr.write(usage)
  process.exitCode = 2
} else publish(scenario, await profile(scenario))

interface Profile {
  readonly calls: Call
  readonly cpuUsPerRequest: number
}

async function profile(asked: Scenario): Promise<Profile> {
  // Leaving by `exit` ends every process that was started.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
  pin(process.pid, loadCore)
  const folder = serverFolder('profile')
  const started: (() => unknown)[] = []
  const scope: Scope = { teardown: (stop) => started.push(stop) }
  let spanUs: readonly [from: number, to: number] = [0, 0]
  let cpuUsPerRequest = 0
  try {
    const upstream = await startUpstream(scope, asked.upstream)
    const credentials = await issueCredentials(asked, scope)
    const flags = ['--cpu-prof', `--cpu-prof-dir=${folder}`, `--cpu-prof-interval=${samplingIntervalUs}`]
    const { url, pids } = await startGateway({ upstream, scenario: asked, credentials }, scope, flags)
    const [pid = 0] = pids
    pin(pid, subjectCore)
    const traffic = { ...asked.traffic, tokens: [...credentials.known, ...credentials.unknown] }
    await load(url, warmupSeconds, traffic)
    const [before, from] = [cpuMicroseconds(pid), monotonicUs()]
    const { requests } = await load(url, Number(options.seconds), traffic)
    spanUs = [from, monotonicUs()]
    cpuUsPerRequest = (cpuMicroseconds(pid) - before) / requests
  } finally {
    // A gateway that ends in good order leaves its profile.
    for (const stop of started.reverse()) await stop()
  }
  const [file = ''] = readdirSync(folder)
  const written = JSON.parse(readFileSync(join(folder, file), 'utf8'))
  return { calls: callsBetween(written, ...spanUs), cpuUsPerRequest }
}

/** The clock that V8 takes its samples by, the same in all processes. */
function monotonicUs(): number {
  return Number(process.hrtime.bigint() / 1000n)
}

function publish({ name, title }: Scenario, { calls, cpuUsPerRequest }: Profile): void {
  const all = totalUs(calls)
  const rows = [...timeByLayer(calls)].map(([layer, us]) => [
    layer,
    `${((100 * us) / all).toFixed(1)} %`,
    ((us / all) * cpuUsPerRequest).toFixed(1),
  ])
  const text = `${table([`self time, ${title}`, 'share', 'CPU µs per request'], rows)}\n`
  mkdirSync(options.results, { recursive: true })
  writeFileSync(join(options.results, `profile-${name}.md`), text)
  writeFileSync(join(options.results, `profile-${name}.svg`), flameGraph(`Sallyport: ${title}`, calls))
  process.stdout.write(text)
}
