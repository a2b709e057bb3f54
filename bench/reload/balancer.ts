/**
 * nginx in front of two gateways: as one that nobody tells of a drain, or as one that stops sending requests to a
 * gateway that is not ready, as a balancer with health checks does.
 * @module
 */

import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startNginx } from '../../test/support/nginx.ts'
import type { Scope } from '../../test/support/private-server.ts'
import { request } from '../../test/support/raw-request.ts'
import type { GatewayProcess } from '../gateway-process.ts'

export interface Balancer {
  readonly url: string
  /** Requests that went to the other gateway as well: all, and those of which the first had got a byte. */
  triedTwice(): { readonly all: number; readonly sent: number }
}

const lookIntervalMs = 200

/** Looks at readiness and sends nothing twice: what a gateway loses is lost. */
export async function watchingBalancer(
  scope: Scope,
  first: GatewayProcess,
  second: GatewayProcess,
): Promise<Balancer> {
  const nginx = await startNginx(scope, {
    config: (port, folder) => `
      ${pool('both', first, second)} ${pool('first', first)} ${pool('second', second)}
      ${server(
        port,
        folder,
        `set $pool both;
        if (-f ${folder}/without-first) { set $pool second; }
        if (-f ${folder}/without-second) { set $pool first; }
        proxy_pass http://$pool;
        proxy_next_upstream off;`,
      )}`,
  })
  const watched = [
    [first, join(nginx.folder, 'without-first')],
    [second, join(nginx.folder, 'without-second')],
  ] as const
  const look = () =>
    watched.map(async ([gateway, mark]) => {
      if (await isReady(gateway)) rmSync(mark, { force: true })
      else writeFileSync(mark, '')
    })
  const timer = setInterval(look, lookIntervalMs)
  scope.teardown(() => clearInterval(timer))
  return { url: nginx.url, triedTwice: () => triedTwice(nginx.folder) }
}

/** Learns of a drain when a connection cannot be made; then, or when one breaks before an answer, it asks the other. */
export async function unawareBalancer(
  scope: Scope,
  first: GatewayProcess,
  second: GatewayProcess,
): Promise<Balancer> {
  const nginx = await startNginx(scope, {
    config: (port, folder) => `
      ${pool('both', first, second)}
      ${server(port, folder, 'proxy_pass http://both; proxy_next_upstream error;')}`,
  })
  return { url: nginx.url, triedTwice: () => triedTwice(nginx.folder) }
}

function pool(name: string, ...gateways: readonly GatewayProcess[]): string {
  const servers = gateways.map(({ port }) => `server 127.0.0.1:${port} max_fails=0;`).join(' ')
  return `upstream ${name} { ${servers} keepalive 64; keepalive_requests 1000000000; }`
}

function server(port: number, folder: string, location: string): string {
  return `
    log_format tries '$upstream_bytes_sent';
    map $upstream_addr $is_twice { default 0; '~,' 1; }
    keepalive_requests 1000000000;
    server {
      listen 127.0.0.1:${port};
      access_log ${folder}/tries.log tries if=$is_twice;
      location / {
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        ${location}
      }
    }`
}

async function isReady({ adminPort }: GatewayProcess): Promise<boolean> {
  try {
    return (await request(adminPort, { path: '/readyz' })).status === 200
  } catch {
    return false
  }
}

function triedTwice(folder: string): ReturnType<Balancer['triedTwice']> {
  const file = join(folder, 'tries.log')
  const lines = existsSync(file) ? readFileSync(file, 'latin1').split('\n').filter(Boolean) : []
  return { all: lines.length, sent: lines.filter((line) => !line.startsWith('0,')).length }
}
