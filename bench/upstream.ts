/**
 * What all subjects stand in front of: a server that answers every request with the same 300 bytes.
 * @module
 */

import { join } from 'node:path'
import { freePort } from '../test/support/free-port.ts'
import { startNginx } from '../test/support/nginx.ts'
import { type Scope, type Server, serverFolder, startServer } from '../test/support/private-server.ts'
import { findProgram } from '../test/support/run-process.ts'

const responseBody = 'x'.repeat(300)

/** Rejects unless a GET of the URL is answered with exactly the upstream's body. */
export async function expectBody(url: string, headers: Record<string, string> = {}): Promise<void> {
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(5_000) })
  const body = await response.text()
  if (response.status !== 200 || body !== responseBody)
    throw new Error(`${url} answers ${response.status}: ${body}`)
}

/** nginx where it is installed, else node:http. */
export async function startUpstream(scope: Scope): Promise<Server & { readonly technology: string }> {
  const server =
    findProgram('nginx') === undefined
      ? await startNode(scope)
      : await startNginx(scope, { config: (port) => config(port) })
  const technology = findProgram('nginx') === undefined ? 'node:http' : 'nginx'
  return Object.assign(server, { technology })
}

/** The same over HTTP/2 without TLS, which takes nginx. */
export function startHttp2Upstream(scope: Scope): Promise<Server> {
  return startNginx(scope, { config: (port) => config(port, 'http2') })
}

function config(port: number, protocol: 'http2' | '' = ''): string {
  return `
    keepalive_requests 1000000000;
    server {
      listen 127.0.0.1:${port} ${protocol};
      location / { default_type text/plain; return 200 "${responseBody}"; }
    }`
}

async function startNode(scope: Scope): Promise<Server> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const server = await startServer({
    command: process.execPath,
    args: [join(import.meta.dirname, 'fixed-response.ts'), String(port), responseBody],
    url,
    port,
    folder: serverFolder('upstream'),
    ready: () => expectBody(url),
  })
  scope.teardown(() => server.stop())
  return server
}
