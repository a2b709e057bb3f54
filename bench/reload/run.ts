/**
 * `npm run bench:reload`: a gateway under load while its configuration is read anew again and again, and two behind
 * nginx that are stopped and started in turn. Neither may cost a client a request.
 * @module
 */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { Scope, Server } from '../../test/support/private-server.ts'
import { readMetrics } from '../../test/support/read-metrics.ts'
import { type Configuration, type GatewayProcess, startGatewayProcess } from '../gateway-process.ts'
import { machineFacts } from '../report.ts'
import { startUpstream } from '../upstream/upstream.ts'
import { type Shots, shoot } from './autocannon.ts'
import { type Balancer, unawareBalancer, watchingBalancer } from './balancer.ts'

const usage = `npm run bench:reload -- [options]

  --seconds N        of load in each part (100)
  --results FOLDER   where reload.json and reload.md are written (bench/results)
  --help             this text

Ends with 1 when a request was lost or answered by anything but a success.
`

const signalIntervalMs = 100
/** A file is taken when two looks, a second apart, have found the same. */
const fileIntervalMs = 2_500
/** What an operator sets where a balancer needs time to notice; here it is for answers to say `Connection: close`. */
const timeouts = { drainDelay: '2s', drain: '5s' }

const isGood = 'sallyport_config_last_reload_success'
const goodAt = `${isGood}_timestamp_seconds`

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '100' },
    results: { type: 'string', default: join(import.meta.dirname, '../results') },
    help: { type: 'boolean', default: false },
  },
})
const seconds = Number(options.seconds)

if (options.help) process.stdout.write(usage)
else if (!(seconds > 0)) {
  process.stderr.write(`--seconds is a positive number\n\n${usage}`)
  process.exitCode = 2
} else await bench()

interface Part extends Shots {
  readonly title: string
  /** Reloads or restarts that happened meanwhile. */
  readonly times: number
  readonly triedTwice?: ReturnType<Balancer['triedTwice']>
}

async function bench(): Promise<void> {
  // Leaving by `exit` ends every process that was started.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
  const started: (() => unknown)[] = []
  const scope: Scope = { teardown: (stop) => started.push(stop) }
  try {
    const upstream = await startUpstream(scope)
    publish([
      await whileReloading(upstream, scope, 'reloads by SIGHUP', signalIntervalMs, (gateway) =>
        gateway.reload(),
      ),
      await whileReloading(upstream, scope, 'reloads by a changed file', fileIntervalMs, () => {}),
      await whileDraining(upstream, scope, 'restarts that nginx is told of', watchingBalancer),
      await whileDraining(upstream, scope, 'restarts that it is not told of', unawareBalancer),
    ])
  } finally {
    for (const stop of started.reverse()) await stop()
  }
}

async function whileReloading(
  { url }: Server,
  scope: Scope,
  title: string,
  intervalMs: number,
  reload: (gateway: GatewayProcess) => void,
): Promise<Part> {
  const gateway = await startGatewayProcess(scope, configurationOf(url, 0))
  const { text: token } = await gateway.issue()
  const swaps = async () => (await readMetrics(gateway.adminPort)).get(goodAt) ?? 0
  let written = 0
  let times = 0
  let last = await swaps()
  const timer = setInterval(() => {
    gateway.write(configurationOf(url, ++written))
    reload(gateway)
    void swaps().then((at) => {
      if (at !== last) times++
      last = at
    })
  }, intervalMs)
  const shots = await shoot(gateway.url, seconds, token)
  clearInterval(timer)
  await sleep(fileIntervalMs)
  if ((await readMetrics(gateway.adminPort)).get(isGood) !== 1)
    throw new Error('the last file is not in force')
  await gateway.stop()
  return { title, times, ...shots }
}

/** Each of two in turn is told to stop, drains, exits and is started again. */
async function whileDraining(
  { url }: Server,
  scope: Scope,
  title: string,
  startBalancer: typeof watchingBalancer,
): Promise<Part> {
  const configuration = { ...configurationOf(url, 0), listen: { timeouts } }
  const first = await startGatewayProcess(scope, configuration)
  const second = await startGatewayProcess(scope, configuration, { record: first.record })
  const { text: token } = await first.issue()
  const balancer = await startBalancer(scope, first, second)
  let isOver = false
  let times = 0
  const rolling = (async () => {
    for (; !isOver; times++) {
      await (times % 2 === 0 ? first : second).restart()
      await sleep(1_000)
    }
  })()
  const shots = await shoot(balancer.url, seconds, token)
  isOver = true
  await rolling
  await Promise.all([first.stop(), second.stop()])
  return { title, times, ...shots, triedTwice: balancer.triedTwice() }
}

/** Every second one has another upstream and another route. */
function configurationOf(url: string, turn: number): Configuration {
  const name = `turn-${turn % 2}`
  return {
    upstreams: { [name]: { url } },
    routes: [{ name, match: { path: '/{path*}' }, upstream: name }],
    log: { level: 'warn', requests: false },
  }
}

function publish(parts: readonly Part[]): void {
  const rows = parts.map(({ title, times, answered, errors, timeouts, not2xx, p99Ms, triedTwice }) => [
    title,
    times,
    answered.toLocaleString('en'),
    errors,
    timeouts,
    not2xx,
    p99Ms,
    triedTwice === undefined ? '' : `${triedTwice.all}, ${triedTwice.sent} of them with a byte sent`,
  ])
  const head = [
    'while',
    'times',
    'answered',
    'errors',
    'timeouts',
    'not 2xx',
    'p99 ms',
    'tried twice by nginx',
  ]
  const table = [head, ['---', ...head.slice(1).map(() => '---:')], ...rows].map(
    (cells) => `| ${cells.join(' | ')} |`,
  )
  const facts = Object.entries(machineFacts()).map(([name, value]) => `${name}: ${value}`)
  const text = `${table.join('\n')}\n\n${seconds} s each; autocannon --workers 2; ${facts.join('; ')}\n`
  mkdirSync(options.results, { recursive: true })
  writeFileSync(join(options.results, 'reload.json'), `${JSON.stringify({ seconds, parts }, null, 2)}\n`)
  writeFileSync(join(options.results, 'reload.md'), text)
  process.stdout.write(text)
  const lost = parts.reduce((sum, { errors, timeouts, not2xx }) => sum + errors + timeouts + not2xx, 0)
  process.exitCode = lost === 0 ? 0 : 1
}
