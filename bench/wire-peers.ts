/**
 * `node bench/wire-peers.ts`: the attacks of test/wire/attacks, byte for byte, against the gateway and against stock
 * `@fastify/http-proxy`, which decides nothing: only what a proxy has to get right by itself is counted.
 * @module
 */

import { join } from 'node:path'
import { freePort } from '../test/support/free-port.ts'
import { startTestGateway } from '../test/support/gateway.ts'
import { type Scope, serverFolder, startServer } from '../test/support/private-server.ts'
import { type RawAnswer, rawRequest } from '../test/support/raw-request.ts'
import { type RecordingUpstream, recordingUpstream } from '../test/support/recording-upstream.ts'
import { until } from '../test/support/until.ts'
import { failureOf, get } from '../test/wire/attacks/attack.ts'
import { framingAttacks } from '../test/wire/attacks/framing-attacks.ts'
import { headerAttacks } from '../test/wire/attacks/header-attacks.ts'
import { failureOfResponse, responseAttacks } from '../test/wire/attacks/response-attacks.ts'
import { targetAttacks } from '../test/wire/attacks/target-attacks.ts'

interface Peer {
  readonly name: string
  readonly port: number
  readonly token: string
}

type Failure = { readonly id: string; readonly input: string; readonly what: string }

const isVerbose = process.argv.includes('--verbose')

/** Runs against both, and stops what it started. */
async function run(): Promise<void> {
  const started: (() => unknown)[] = []
  const scope: Scope = { teardown: (stop) => started.push(stop) }
  try {
    const upstream = await recordingUpstream(scope)
    for (const peer of [await stockProxy(upstream, scope), await gateway(upstream, scope)]) {
      report(peer, [...(await attackRequests(peer, upstream)), ...(await attackResponses(peer, upstream))])
    }
  } finally {
    for (const stop of started.reverse()) await stop()
  }
}

async function stockProxy(upstream: RecordingUpstream, scope: Scope): Promise<Peer> {
  const port = await freePort()
  const server = await startServer({
    command: process.execPath,
    args: [join(import.meta.dirname, 'subjects/stock-http-proxy.ts'), String(port), upstream.url],
    url: `http://127.0.0.1:${port}`,
    port,
    folder: serverFolder('stock'),
    ready: () => rawRequest(port, get('/')),
  })
  scope.teardown(() => server.stop())
  return { name: '@fastify/http-proxy', port, token: 'none' }
}

async function gateway(upstream: RecordingUpstream, scope: Scope): Promise<Peer> {
  const { port, issue } = await startTestGateway(scope, {
    upstream: upstream.url,
    routes: [{ match: { path: '/{path*}' } }],
  })
  return { name: 'Sallyport', port, token: (await issue({ access: 'owner' })).text }
}

async function attackRequests(
  peer: Peer,
  upstream: RecordingUpstream,
): Promise<readonly (Failure | undefined)[]> {
  const outcomes: (Failure | undefined)[] = []
  for (const { id, inputs } of [...targetAttacks, ...headerAttacks, ...framingAttacks]) {
    for (const input of inputs) {
      const before = upstream.requests.length
      const answer = await ask(peer, input.bytes)
      await until(() => upstream.requests.every(({ state }) => state !== 'receiving')).catch(() => {})
      const what = failureOf(input, { answer, received: upstream.requests.slice(before) })
      outcomes.push(what === undefined ? undefined : { id, input: input.bytes, what })
    }
  }
  return outcomes
}

async function attackResponses(
  peer: Peer,
  upstream: RecordingUpstream,
): Promise<readonly (Failure | undefined)[]> {
  const outcomes: (Failure | undefined)[] = []
  for (const { id, inputs } of responseAttacks) {
    for (const input of inputs) {
      upstream.reply(() => ({ raw: Buffer.from(input.raw, 'latin1') }))
      const what = failureOfResponse(input, await ask(peer, get('/a')))
      outcomes.push(what === undefined ? undefined : { id, input: input.raw, what })
    }
  }
  upstream.reply(() => ({ body: 'ok' }))
  return outcomes
}

/** `undefined` where no whole answer came. */
function ask({ port, token }: Peer, bytes: string): Promise<RawAnswer | undefined> {
  return rawRequest(port, bytes.replaceAll('TOKEN', token), { timeoutMs: 1_500 }).catch(() => undefined)
}

function report({ name }: Peer, outcomes: readonly (Failure | undefined)[]): void {
  const failures = outcomes.filter((outcome) => outcome !== undefined)
  const ids = [...new Set(failures.map(({ id }) => id))].toSorted()
  process.stdout.write(`${name}: fails ${failures.length} of ${outcomes.length} inputs\n`)
  if (ids.length > 0) process.stdout.write(`  rows: ${ids.join(' ')}\n`)
  if (!isVerbose) return
  for (const { id, input, what } of failures) {
    process.stdout.write(`  ${id} ${what}: ${JSON.stringify(input.slice(0, 120))}\n`)
  }
}

await run()
