/**
 * What all subjects stand in front of: a server that answers with the same 300 bytes, with a file of a known size below
 * `/bytes/`, and always with a header that only owners may see.
 * @module
 */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../../test/support/free-port.ts'
import { startNginx } from '../../test/support/nginx.ts'
import { type Scope, type Server, serverFolder, startServer } from '../../test/support/private-server.ts'
import { findProgram } from '../../test/support/run-process.ts'

const responseBody = 'x'.repeat(300)
/** What scenarios ask for below `/bytes/`. */
const sizes = [1024, 65_536, 10_485_760]

/** nginx is the faster one; node reads bodies to their end and speaks WebSocket. */
export type UpstreamKind = 'fastest' | 'node'

/** Rejects unless a GET of the URL is answered with exactly the upstream's body. */
export async function expectBody(url: string, headers: Record<string, string> = {}): Promise<void> {
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(5_000) })
  const body = await response.text()
  if (response.status !== 200 || body !== responseBody)
    throw new Error(`${url} answers ${response.status}: ${body}`)
}

/** It is stopped with the scope. */
export async function startUpstream(
  scope: Scope,
  kind: UpstreamKind = 'fastest',
): Promise<Server & { readonly technology: string }> {
  if (kind === 'node' || findProgram('nginx') === undefined) {
    return Object.assign(await startNode(scope), { technology: 'node:http' })
  }
  const server = await startNginx(scope, { config })
  const folder = join(server.folder, 'files/bytes')
  mkdirSync(folder)
  for (const size of sizes) writeFileSync(join(folder, String(size)), 'x'.repeat(size))
  return Object.assign(server, { technology: 'nginx' })
}

function config(port: number, folder: string): string {
  return `
    keepalive_requests 1000000000;
    sendfile on;
    tcp_nopush on;
    open_file_cache max=10 inactive=1h;
    server {
      listen 127.0.0.1:${port} backlog=4096;
      root ${folder}/files;
      default_type text/plain;
      add_header X-Account-Sysmeta-Core-Access-Control members;
      location / { return 200 "${responseBody}"; }
      location /bytes/ { }
    }`
}

async function startNode(scope: Scope): Promise<Server> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const server = await startServer({
    command: process.execPath,
    args: [join(import.meta.dirname, 'node-upstream.ts'), String(port), responseBody],
    url,
    port,
    folder: serverFolder('upstream'),
    ready: () => expectBody(url),
  })
  scope.teardown(() => server.stop())
  return server
}
