/**
 * `npm run bench:connections`: crowds of connections against the default configuration, each against a fresh gateway:
 * what one of them costs, how a good client fares beside them, and when they are let go.
 * @module
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { Scope, Server } from '../../test/support/private-server.ts'
import { residentBytes } from '../../test/support/sampled-memory.ts'
import { type Configuration, startGatewayProcess } from '../gateway-process.ts'
import { load } from '../load/load.ts'
import { plainTraffic } from '../load/traffic.ts'
import { machineFacts } from '../report.ts'
import { startSoakUpstream } from '../soak/start-soak-upstream.ts'
import { type Crowded, publish } from './connections-report.ts'
import { sendGoodClient } from './good-client.ts'
import type { Held } from './hold.ts'
import { isScenarioName, type Scenario, type ScenarioName, scenarios } from './scenarios.ts'

const usage = `npm run bench:connections -- [options]

  --scenarios A,B    which of ${Object.keys(scenarios).join(', ')} (all)
  --share N          a percentage of the connections that each scenario has (100)
  --results FOLDER   where connections.json, .md and .svg are written (bench/results)
  --help             this text

Ten thousand connections need \`ulimit -n\` of 12000 at least.
`

const warmupSeconds = 4
const quietMs = 3_000
/** How long connections that nobody is to close are held, unless the scenario says so. */
const watchedMsUsual = 15_000
/** Beyond what was promised. */
const patienceMs = 10_000

const { values: options } = parseArgs({
  options: {
    scenarios: { type: 'string', default: Object.keys(scenarios).join(',') },
    share: { type: 'string', default: '100' },
    results: { type: 'string', default: join(import.meta.dirname, '../results') },
    help: { type: 'boolean', default: false },
  },
})
const names = options.scenarios.split(',')
const share = Number(options.share) / 100

if (options.help) process.stdout.write(usage)
else if (!names.every(isScenarioName) || !(share > 0 && share <= 1)) {
  process.stderr.write(`no such scenario, or a share that is none\n\n${usage}`)
  process.exitCode = 2
} else await bench(names)

async function bench(chosen: readonly ScenarioName[]): Promise<void> {
  // Leaving by `exit` ends every process that was started.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
  const crowds: Crowded[] = []
  for (const name of chosen) {
    const started: (() => unknown)[] = []
    const scope: Scope = { teardown: (stop) => started.push(stop) }
    process.stderr.write(`${name}\n`)
    try {
      crowds.push(await crowd(scope, name))
    } finally {
      for (const stop of started.reverse()) await stop()
    }
  }
  const machine = { ...machineFacts(), memoryGib: Math.round(totalmem() / 1024 ** 3) }
  mkdirSync(options.results, { recursive: true })
  const text = publish({ machine, crowds }, (file, content) =>
    writeFileSync(join(options.results, file), content),
  )
  process.stdout.write(text)
}

async function crowd(scope: Scope, name: ScenarioName): Promise<Crowded> {
  const scenario: Scenario = scenarios[name]
  const count = Math.round(scenario.count * share)
  const upstream = await startSoakUpstream(scope)
  const gateway = await startGatewayProcess(scope, configurationFor(upstream))
  const { text: token } = await gateway.issue()
  const { port, pid } = gateway
  await load(gateway.url, warmupSeconds, { ...plainTraffic, path: '/legacy/bytes/300', tokens: [token] })
  await sleep(quietMs)

  const startMs = performance.now()
  const before = await gateway.usage()
  const resident: (readonly [seconds: number, bytes: number])[] = []
  const sampling = setInterval(
    () => resident.push([(performance.now() - startMs) / 1000, residentBytes(pid)]),
    500,
  )
  const goodClients = {
    'the same service': sendGoodClient(port, '/legacy/bytes/300', token, startMs),
    'another service': sendGoodClient(port, '/streams/bytes/300', token, startMs),
  }
  await sleep(quietMs)
  const crowdFromSeconds = (performance.now() - startMs) / 1000
  const crowd = startCrowd(name, port, count, token, scope)
  await crowd.complete
  await sleep(quietMs)
  const [full, held] = [await gateway.usage(), crowd.state()]
  if (scenario.letGoMs === undefined) {
    await sleep(scenario.watchedMs ?? watchedMsUsual)
    crowd.leave()
  }
  await Promise.race([crowd.ended, sleep((scenario.letGoMs ?? 0) + patienceMs)])
  const crowdToSeconds = (performance.now() - startMs) / 1000
  const end = crowd.state()
  crowd.leave()
  await crowd.ended
  await sleep(quietMs)
  const after = await gateway.usage()
  clearInterval(sampling)
  const good = Object.fromEntries(
    await Promise.all(
      Object.entries(goodClients).map(async ([where, stop]) => [where, await stop()] as const),
    ),
  )
  return {
    ...scenario,
    name,
    count,
    before,
    full,
    after,
    held,
    end,
    good,
    resident,
    crowdFromSeconds,
    crowdToSeconds,
  }
}

/** The default configuration, but for the number of streams that a service of streams has to take. */
function configurationFor({ url }: Server): Configuration {
  return {
    upstreams: { legacy: { url }, streams: { url, connections: 1_100 } },
    routes: [
      {
        name: 'live',
        match: { path: '/streams/live' },
        upstream: 'streams',
        upgrade: { protocols: ['websocket'] },
      },
      { name: 'streams', match: { path: '/streams/{path*}' }, upstream: 'streams' },
      { name: 'legacy', match: { path: '/legacy/{path*}' }, upstream: 'legacy' },
    ],
  }
}

function startCrowd(name: ScenarioName, port: number, count: number, token: string, scope: Scope) {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, 'hold.ts'), name, String(port), String(count)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, HOLD_TOKEN: token },
    },
  )
  scope.teardown(() => child.kill('SIGKILL'))
  let state: Held = { open: 0, closed: 0, isComplete: false, answers: {}, heldMs: undefined }
  const { promise: complete, resolve } = Promise.withResolvers<void>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    state = JSON.parse(line)
    if (state.isComplete) resolve()
  })
  const ended = once(child, 'close')
  return { complete, ended, state: () => state, leave: () => void child.kill('SIGKILL') }
}
