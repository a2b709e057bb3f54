/**
 * `npm run h2spec`: the conformance test of HTTP/2 against the gateway, and with `--peers` against Node's own server and
 * nginx. Fails when the gateway fails a case without a known reason.
 * @module
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createSecureServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { startTestGateway } from '../support/gateway.ts'
import { certificateFile, serviceTls } from '../support/http2-client.ts'
import { startNginx } from '../support/nginx.ts'
import { type Scope, serverFolder } from '../support/private-server.ts'
import { recordingUpstream } from '../support/recording-upstream.ts'
import { installH2spec } from './install-h2spec.ts'
import { knownFailures } from './known-failures.ts'

interface Report {
  readonly passed: number
  readonly skipped: number
  /** Written `http2/5.1: closed: Sends a DATA frame`. */
  readonly failed: readonly string[]
}

type Peer = (scope: Scope) => Promise<number>

const peers: Readonly<Record<string, Peer>> = {
  Sallyport: gateway,
  ...(process.argv.includes('--peers') ? { 'node:http2': nodeServer, nginx } : {}),
}

/** Sets the exit code: 1 where the gateway fails a case for which there is no explanation. */
async function run(): Promise<void> {
  const program = installH2spec()
  for (const [name, start] of Object.entries(peers)) {
    const started: (() => unknown)[] = []
    try {
      const port = await start({ teardown: (stop) => started.push(stop) })
      const { passed, skipped, failed } = await check(program, port)
      process.stdout.write(`${name}: ${passed} passed, ${skipped} skipped, ${failed.length} failed\n`)
      const explained = name === 'Sallyport' ? knownFailures : {}
      process.stdout.write(
        failed.map((title) => `  ${[title, explained[title] ?? []].flat().join(' — ')}\n`).join(''),
      )
      if (name === 'Sallyport' && failed.some((title) => explained[title] === undefined)) process.exitCode = 1
    } finally {
      for (const stop of started.reverse()) await stop()
    }
  }
}

async function check(program: string, port: number): Promise<Report> {
  const file = join(serverFolder('h2spec'), 'report.xml')
  const words = [
    '--tls',
    '--insecure',
    '--strict',
    '--timeout',
    '2',
    '--port',
    String(port),
    '--junit-report',
    file,
  ]
  // Its exit code only says whether any case failed.
  await once(spawn(program, words, { stdio: 'ignore' }), 'close')
  const cases = [
    ...readFileSync(file, 'utf8').matchAll(
      /<testcase package="([^"]*)" classname="([^"]*)"[^>]*>(.*?)<\/testcase>/gs,
    ),
  ]
  if (cases.length === 0) throw new Error('h2spec reported nothing')
  const failed = cases.flatMap(([, section, title, outcome = '']) =>
    /<(failure|error)/.test(outcome) ? [`${section}: ${title?.replaceAll('&#34;', '"')}`] : [],
  )
  const skipped = cases.filter(([, , , outcome = '']) => outcome.includes('<skipped')).length
  return { passed: cases.length - failed.length - skipped, skipped, failed }
}

async function gateway(scope: Scope): Promise<number> {
  const upstream = await recordingUpstream(scope)
  const { port } = await startTestGateway(scope, {
    upstream: upstream.url,
    routes: [{ match: { path: '/{path*}' }, authorize: { public: true } }],
    listen: { tls: serviceTls },
  })
  return port
}

async function nodeServer(scope: Scope): Promise<number> {
  const [pair] = serviceTls.certificates
  const server = createSecureServer({
    key: readFileSync(pair?.key ?? ''),
    cert: readFileSync(pair?.certificate ?? ''),
  })
  server.on('request', (request, response) => request.resume().once('end', () => response.end('ok')))
  // What is wrong with a connection is what its client is to hear of.
  server.on('sessionError', () => {})
  await once(server.listen(0, '127.0.0.1'), 'listening')
  scope.teardown(() => server.close())
  return (server.address() as AddressInfo).port
}

async function nginx(scope: Scope): Promise<number> {
  const { url } = await recordingUpstream(scope)
  const config = (port: number) => `
    server {
      listen 127.0.0.1:${port} ssl http2;
      ssl_certificate ${certificateFile('service.pem')};
      ssl_certificate_key ${certificateFile('service.key')};
      location / { proxy_pass ${url}; }
    }`
  return (await startNginx(scope, { config })).port
}

await run().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
})
