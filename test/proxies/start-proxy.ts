/**
 * A real proxy that runs an example of `config/decision` as it stands there, but for addresses and the secret.
 * @module
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../support/free-port.ts'
import { type Scope, type Server, serverFolder, startServer } from '../support/private-server.ts'
import { request } from '../support/raw-request.ts'
import type { ProxyName } from './install-proxies.ts'

const examples = join(import.meta.dirname, '../../config/decision')

export interface Places {
  /** Where the gateway is asked. */
  readonly decisionPort: number
  /** The same over gRPC; only for an example that asks so. */
  readonly grpcPort?: number
  readonly servicePort: number
  /** What the proxy proves itself with. */
  readonly secret: string
  /** Changes the text of each file of the example. */
  readonly amend?: (text: string) => string
}

/** An example, by its proxy and, where that can ask in two ways, by the way. */
export type Setup = ProxyName | 'envoy-grpc' | 'envoy-ext-proc'

interface Recipe {
  readonly program: ProxyName
  /** The files of the example; the first is the one that the program is given. */
  readonly files: readonly string[]
  readonly args: (file: string, folder: string) => readonly string[]
}

const recipes: Readonly<Record<Setup, Recipe>> = {
  nginx: {
    program: 'nginx',
    files: ['nginx.conf'],
    args: (file, folder) => ['-p', folder, '-c', file, '-e', 'stderr', '-g', nginxSurroundings(folder)],
  },
  traefik: {
    program: 'traefik',
    files: ['traefik.yaml', 'traefik-routes.yaml'],
    args: (file) => [`--configFile=${file}`],
  },
  caddy: {
    program: 'caddy',
    files: ['Caddyfile'],
    args: (file) => ['run', '--config', file, '--adapter', 'caddyfile'],
  },
  haproxy: {
    program: 'haproxy',
    files: ['haproxy.cfg', 'haproxy-sallyport.lua'],
    args: (file) => ['-db', '-f', file],
  },
  envoy: { program: 'envoy', files: ['envoy-http.yaml'], args: envoyArgs },
  'envoy-grpc': { program: 'envoy', files: ['envoy-grpc.yaml'], args: envoyArgs },
  'envoy-ext-proc': { program: 'envoy', files: ['envoy-ext-proc.yaml'], args: envoyArgs },
}

function envoyArgs(file: string): readonly string[] {
  return ['-c', file, '--concurrency', '1', '--log-level', 'error', '--use-dynamic-base-id']
}

/**
 * Starts it, and has it ask once, so that it is known to do so; it is stopped when the test is over. The program is the
 * one that the variable of its name says.
 */
export async function startProxy(t: Scope, setup: Setup, places: Places): Promise<Server> {
  const { program, files, args } = recipes[setup]
  const command = process.env[`PROXY_${program.toUpperCase()}`]
  if (command === undefined) throw new Error(`no ${program}: run this through npm run test:proxies`)
  const { amend = (text) => text } = places
  const folder = serverFolder(setup)
  const port = await freePort()
  for (const file of files) {
    const text = readFileSync(join(examples, file), 'utf8')
    writeFileSync(join(folder, file), placed(amend(text), folder, { ...places, port }))
  }
  // Where nginx keeps what it was compiled to keep, relative to its prefix.
  mkdirSync(join(folder, 'logs'))
  const server = await startServer({
    command,
    args: args(join(folder, files[0] ?? ''), folder),
    env: { SALLYPORT_SECRET: places.secret, HOME: folder, XDG_DATA_HOME: folder },
    cwd: folder,
    url: `http://127.0.0.1:${port}`,
    port,
    folder,
    // The master of nginx must be asked: were it killed, its workers would live on.
    abandonSignal: program === 'nginx' ? 'SIGTERM' : 'SIGKILL',
    ready: () => answers(port),
  })
  t.teardown(() => server.stop())
  return server
}

/** The example with its addresses, and for nginx its secret, replaced. */
function placed(text: string, folder: string, places: Places & { readonly port: number }): string {
  const { decisionPort, grpcPort = 0, servicePort, secret, port } = places
  return text
    .replaceAll(/(:|port_value: )8000\b/g, `$1${port}`)
    .replaceAll(/(:|port_value: )8082\b/g, `$1${decisionPort}`)
    .replaceAll(/(:|port_value: )8083\b/g, `$1${grpcPort}`)
    .replaceAll(/(:|port_value: )9000\b/g, `$1${servicePort}`)
    .replaceAll('X-Sallyport-Proxy SALLYPORT_SECRET;', `X-Sallyport-Proxy ${secret};`)
    .replaceAll('config/decision/', `${folder}/`)
    .replace(/^http \{$/m, `$&\n${nginxTemporaries(folder)}`)
}

/** Debian's nginx keeps what passes through in folders of root's. */
function nginxTemporaries(folder: string): string {
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return kinds.map((kind) => `  ${kind}_temp_path ${folder}/${kind};`).join('\n')
}

function nginxSurroundings(folder: string): string {
  const user = process.getuid?.() === 0 ? `user ${userInfo().username};` : ''
  return `${user} daemon off; pid ${folder}/nginx.pid;`
}

/** Traefik listens before it has read its routes, and answers 404 until then. */
async function answers(port: number): Promise<void> {
  const { status } = await request(port, { path: '/public/' })
  if (status === 404) throw new Error('no routes yet')
}
