/**
 * `npm run bench:decisions`: what a decision for another proxy costs, by each door, beside the least that could answer
 * nginx. The token is in memory.
 * @module
 */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { freePort } from '../../test/support/free-port.ts'
import { type Scope, serverFolder } from '../../test/support/private-server.ts'
import { medianOf } from '../comparison.ts'
import { startGatewayProcess } from '../gateway-process.ts'
import { type Contestant, inRounds, type Rounds } from '../in-rounds.ts'
import { type Header, plainTraffic } from '../load/traffic.ts'
import { loadCore, pin, subjectCore } from '../pin.ts'
import { machineFacts, table } from '../report.ts'
import { startNodeServer } from '../subjects/node-server.ts'

const usage = `npm run bench:decisions -- [options]

  --rounds N         rounds (5)
  --seconds N        seconds that each is measured in a round, after it was warmed up (3)
  --results FOLDER   where decisions.md is written (bench/results)
  --help             this text
`

/** What the client of the proxy sends. */
const clientHeaders: readonly Header[] = [
  ['User-Agent', 'bench/1.0'],
  ['Accept', '*/*'],
]

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

async function bench(): Promise<void> {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
  pin(process.pid, loadCore)
  const started: (() => unknown)[] = []
  try {
    const contestants = await start({ teardown: (stop) => started.push(stop) })
    const measured = await inRounds(contestants, rounds)
    publish(contestants.map(({ name }) => [name, medianOf(measured.get(name) ?? [])] as const))
  } finally {
    for (const stop of started.reverse()) await stop()
  }
}

async function start(scope: Scope): Promise<readonly Contestant[]> {
  const secret = 'a-secret-that-only-the-bench-knows-01'
  const [port, grpcPort] = [await freePort(), await freePort()]
  const gateway = await startGatewayProcess(scope, {
    upstreams: { none: { url: 'http://127.0.0.1:9' } },
    routes: [{ name: 'everything', match: { path: '/{rest*}' }, upstream: 'none' }],
    decision: {
      port,
      grpc: { port: grpcPort },
      proxies: [
        {
          name: 'bench',
          secrets: [secret],
          copies: ['authorization', 'x-sallyport-subject', 'x-sallyport-token-id'],
        },
      ],
    },
    log: { level: 'silent', requests: false },
  })
  const { text } = await gateway.issue()
  const file = join(serverFolder('decision'), 'tokens')
  writeFileSync(file, text, { mode: 0o600 })
  const least = await startNodeServer('decision-service.ts', [file], scope, fetch)
  for (const { pid } of [gateway, least]) pin(pid, subjectCore)

  const proof: Header = ['X-Sallyport-Proxy', secret]
  const traffic = { ...plainTraffic, tokens: [text] }
  const asks = (name: string, path: string, headers: readonly Header[]): Contestant => ({
    name,
    url: `http://127.0.0.1:${port}`,
    pids: [gateway.pid],
    traffic: { ...traffic, path, headers: [...headers, ...clientHeaders, proof] },
  })
  return [
    {
      name: 'the least, node:http',
      ...least,
      pids: [least.pid],
      traffic: { ...traffic, headers: clientHeaders },
    },
    asks('nginx auth_request', '/nginx', [
      ['X-Original-URL', 'http://service.example/v1/things?a=b'],
      ['X-Original-Method', 'GET'],
      ['X-Real-IP', '127.0.0.1'],
    ]),
    asks('Traefik, Caddy', '/traefik', [
      ['X-Forwarded-Method', 'GET'],
      ['X-Forwarded-Proto', 'http'],
      ['X-Forwarded-Host', 'service.example'],
      ['X-Forwarded-Uri', '/v1/things?a=b'],
      ['X-Forwarded-For', '127.0.0.1'],
    ]),
    asks('Envoy ext_authz, HTTP', '/envoy/v1/things?a=b', [
      ['X-Forwarded-Proto', 'http'],
      ['X-Forwarded-For', '127.0.0.1'],
    ]),
    {
      name: 'Envoy ext_authz, gRPC',
      url: `http://127.0.0.1:${grpcPort}`,
      pids: [gateway.pid],
      traffic: { ...traffic, kind: 'check', path: '/v1/things?a=b', headers: [...clientHeaders, proof] },
    },
  ]
}

function publish(found: readonly (readonly [name: string, figures: ReturnType<typeof medianOf>])[]): void {
  const rows = found.map(([name, { cpuUsPerRequest, requestsPerSecond, p50Us, p99Us }]) => [
    name,
    cpuUsPerRequest.toFixed(1),
    Math.round(requestsPerSecond).toLocaleString('en'),
    (p50Us / 1000).toFixed(2),
    (p99Us / 1000).toFixed(2),
  ])
  const facts = Object.entries({ ...machineFacts(), ...rounds }).map(([name, value]) => `${name}: ${value}`)
  const head = ['asked by', 'CPU µs per decision', 'decisions/s', 'p50 ms', 'p99 ms']
  const text = `${table(head, rows)}\n\n${facts.join('; ')}\n`
  mkdirSync(options.results, { recursive: true })
  writeFileSync(join(options.results, 'decisions.md'), text)
  process.stdout.write(text)
}
