/**
 * `npm run bench:soak`: a gateway under mixed load, with reloads every few seconds, for as long as it takes to see
 * whether its memory or its handles grow.
 * @module
 */

import { mkdirSync, writeFileSync } from 'node:fs'
import { Agent } from 'node:http'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { cache } from '../../src/config/schema/tokens.ts'
import { freePort } from '../../test/support/free-port.ts'
import type { Scope } from '../../test/support/private-server.ts'
import { type Configuration, type GatewayProcess, startGatewayProcess } from '../gateway-process.ts'
import { machineFacts } from '../report.ts'
import { type Crowd, sendCrowd } from './crowd.ts'
import { kinds, type Scene, unknownToken } from './kinds.ts'
import { publish, type Sample, type SoakResults } from './soak-report.ts'
import { startSoakUpstream } from './start-soak-upstream.ts'

const usage = `npm run bench:soak -- [options]

  --minutes N        how long the load goes on (10)
  --results FOLDER   where soak.json, soak.md and the charts are written (bench/results)
  --help             this text

Ends with 1 when something grew or a client met what it did not expect.
`

const reloadIntervalMs = 3_000
/** For what is under way to end, and for idle upstream connections to be closed. */
const settleMs = 15_000

const fillersAtOnce = 20
/** Less has no trend. */
const minutesMin = 2
const cacheDefaults = cache.parse({})

const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    results: { type: 'string', default: join(import.meta.dirname, '../results') },
    help: { type: 'boolean', default: false },
  },
})
const minutes = Number(options.minutes)

if (options.help) process.stdout.write(usage)
else if (!(minutes >= minutesMin)) {
  process.stderr.write(`--minutes is a number of ${minutesMin} at least\n\n${usage}`)
  process.exitCode = 2
} else await soak()

async function soak(): Promise<void> {
  // Leaving by `exit` ends every process that was started.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
  const started: (() => unknown)[] = []
  const scope: Scope = { teardown: (stop) => started.push(stop) }
  try {
    const results = await measured(scope)
    mkdirSync(options.results, { recursive: true })
    const { text, isGood } = publish(results, (name, content) =>
      writeFileSync(join(options.results, name), content),
    )
    process.stdout.write(text)
    process.exitCode = isGood ? 0 : 1
  } finally {
    for (const stop of started.reverse()) await stop()
  }
}

async function measured(scope: Scope): Promise<SoakResults> {
  const upstream = await startSoakUpstream(scope)
  const configurationOf = configurations(upstream.url, await freePort())
  const gateway = await startGatewayProcess(scope, configurationOf(0))
  const agent = new Agent({ keepAlive: true })
  const [writer, reader] = [await gateway.issue(), await gateway.issue({ access: 'read-only' })]
  const scene = { port: gateway.port, gateway, agent, token: writer.text, readOnlyToken: reader.text }

  const before = await gateway.usage()
  await fillMemory(scene)
  const crowd = sendCrowd(kinds, scene)
  const { samples, reloads } = await watch(gateway, crowd, configurationOf)
  await crowd.leave()
  agent.destroy()
  await sleep(settleMs)
  const after = await gateway.usage()
  return {
    machine: { ...machineFacts(), memoryGib: Math.round(totalmem() / 1024 ** 3) },
    minutes,
    reloads,
    before,
    after,
    kinds: Object.fromEntries(crowd.tallies),
    samples,
  }
}

/** What is bounded is full from the beginning, so that nobody takes its filling for growth: unknown tokens. */
async function fillMemory(scene: Scene): Promise<void> {
  const { absentEntries } = cacheDefaults.memory
  let left = absentEntries + absentEntries / 10
  const one = async () => {
    while (left-- > 0) await unknownToken.turn(scene)
  }
  await Promise.all(Array.from({ length: fillersAtOnce }, one))
}

/** A look each second, and a reload now and then. */
async function watch(
  gateway: GatewayProcess,
  { tallies }: Crowd,
  configurationOf: (reload: number) => Configuration,
): Promise<{ readonly samples: readonly Sample[]; readonly reloads: number }> {
  const start = performance.now()
  const samples: Sample[] = []
  let reloads = 0
  const reloading = setInterval(() => {
    gateway.write(configurationOf(++reloads))
    gateway.reload()
  }, reloadIntervalMs)
  for (let next = start; next < start + minutes * 60_000; next += 1_000) {
    await sleep(Math.max(0, next - performance.now()))
    const seconds = (performance.now() - start) / 1000
    samples.push({ seconds, ...(await gateway.usage()) })
    if (samples.length % 60 === 0) tell(samples, [...tallies.values()])
  }
  clearInterval(reloading)
  return { samples, reloads }
}

function tell(samples: readonly Sample[], tallies: readonly { turns: number; failed: number }[]): void {
  const turns = tallies.reduce((sum, tally) => sum + tally.turns, 0)
  const failed = tallies.reduce((sum, tally) => sum + tally.failed, 0)
  const resident = Math.round((samples.at(-1)?.residentBytes ?? 0) / 1024 ** 2)
  process.stderr.write(`${samples.length} s: ${turns} turns, ${failed} failed, ${resident} MiB resident\n`)
}

/** Each reload replaces one upstream, whose connections have to go, and a route; all else stays. */
function configurations(url: string, deadPort: number): (reload: number) => Configuration {
  return (reload) => ({
    upstreams: {
      legacy: { url, connections: 256 },
      turning: { url, queue: 1024 + (reload % 2) },
      down: { url: `http://127.0.0.1:${deadPort}` },
    },
    routes: [
      {
        name: 'live',
        match: { path: '/legacy/live' },
        upstream: 'legacy',
        upgrade: { protocols: ['websocket'] },
      },
      { name: 'legacy', match: { path: '/legacy/{path*}' }, upstream: 'legacy' },
      { name: `turning-${reload % 2}`, match: { path: '/turning/{path*}' }, upstream: 'turning' },
      { name: 'down', match: { path: '/down/{path*}' }, upstream: 'down' },
    ],
  })
}
