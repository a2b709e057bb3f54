/**
 * Sallyport itself, with everything it does for a request that is let through: a token of the store, every
 * default rule, and the identity headers. Only its log is silent, as the stock proxy's is.
 * @module
 */

import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../../test/support/free-port.ts'
import { type Scope, serverFolder, startServer } from '../../test/support/private-server.ts'
import { expectBody, startHttp2Upstream } from '../upstream.ts'
import type { RunningSubject, Subject } from './subject.ts'

/** Compiled, as it is installed: run from the sources it holds the compiler that strips their types. */
const main = join(import.meta.dirname, '../../dist/main.js')

export const gateway: Subject = {
  name: 'gateway',
  start: ({ url }, scope) => startGateway({ url }, scope),
}

/** The same, but for what is spoken to the upstream. */
export const gatewayHttp2: Subject = {
  name: 'gateway-http2',
  async start(_upstream, scope) {
    const { url } = await startHttp2Upstream(scope)
    return startGateway({ url, protocol: 'http2' }, scope)
  },
}

async function startGateway(settings: object, scope: Scope): Promise<RunningSubject> {
  const folder = serverFolder('gateway')
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const configFile = join(folder, 'sallyport.yaml')
  const keyFile = join(folder, 'keys.json')
  writeFileSync(
    configFile,
    // Every JSON text is YAML.
    JSON.stringify({
      listen: { port },
      admin: { port: await freePort() },
      keys: { file: keyFile },
      store: { sqlite: { path: join(folder, 'tokens.sqlite') } },
      upstreams: { bench: settings },
      routes: [{ name: 'everything', match: { path: '/{rest*}' }, upstream: 'bench' }],
      log: { level: 'silent', requests: false },
    }),
  )
  sallyport(['key', 'generate', '--file', keyFile])
  const token = issueToken(configFile)
  const server = await startServer({
    command: process.execPath,
    args: [main, 'serve', '--config', configFile],
    env: { NODE_ENV: 'production' },
    url,
    port,
    folder,
    ready: () => expectBody(url, { authorization: `Bearer ${token}` }),
  })
  scope.teardown(() => server.stop())
  return { url, pid: server.pid, headers: [['Authorization', `Bearer ${token}`]] }
}

function issueToken(configFile: string): string {
  const holder = ['--kind', 'personal', '--subject', 'bench', '--access', 'read-write']
  const { token } = JSON.parse(sallyport(['token', 'issue', '--config', configFile, ...holder, '--json']))
  return token
}

function sallyport(args: readonly string[]): string {
  return execFileSync(process.execPath, [main, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}
