/**
 * nginx: bare `proxy_pass`, and the same behind `auth_request` with a minimal decision service, which is how nginx is taught to
 * ask about tokens. Both keep their connections, and log nothing.
 * @module
 */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startNginx } from '../../test/support/nginx.ts'
import { type Scope, serverFolder } from '../../test/support/private-server.ts'
import { expectBody } from '../upstream/upstream.ts'
import type { Credentials } from './credentials.ts'
import { startNodeServer } from './node-server.ts'
import type { RunningSubject, Subject } from './subject.ts'

export const nginxProxy: Subject = {
  name: 'nginx',
  title: 'nginx proxy_pass, no auth',
  can: ['forward', 'upgrade'],
  package: 'nginx',
  async start({ upstream }, scope) {
    const server = await startNginx(scope, { config: (port) => config(port, upstream.port) })
    await expectBody(server.url)
    return { url: server.url, pids: [server.pid] }
  },
}

export const nginxAuthRequest: Subject = {
  name: 'nginx-auth',
  title: 'nginx auth_request + Node',
  can: ['forward', 'upgrade', 'decide'],
  package: 'nginx',
  async start({ upstream, credentials }, scope) {
    const decision = await startDecision(credentials, scope)
    const asks = (port: number) => config(port, upstream.port, decision.port)
    const server = await startNginx(scope, { config: asks })
    return { url: server.url, pids: [server.pid, ...decision.pids] }
  },
}

async function startDecision(
  { known }: Credentials,
  scope: Scope,
): Promise<RunningSubject & { readonly port: number }> {
  const tokens = join(serverFolder('decision'), 'tokens')
  writeFileSync(tokens, known.join('\n'), { mode: 0o600 })
  const { url, port, pid } = await startNodeServer('decision-service.ts', [tokens], scope, fetch)
  return { url, port, pids: [pid] }
}

function config(port: number, upstream: number, decision?: number): string {
  const asks = `
      location = /decision {
        internal;
        proxy_pass http://decision;
        proxy_pass_request_body off;
        proxy_set_header Content-Length "";
        proxy_http_version 1.1;
        proxy_set_header Connection "";
      }`
  return `
    keepalive_requests 1000000000;
    client_max_body_size 0;
    map $http_upgrade $hop { default upgrade; "" ""; }
    upstream service { server 127.0.0.1:${upstream}; keepalive 1024; keepalive_requests 1000000000; }
    upstream decision { server 127.0.0.1:${decision ?? upstream}; keepalive 1024; keepalive_requests 1000000000; }
    server {
      listen 127.0.0.1:${port} backlog=4096;
      location / {
        ${decision === undefined ? '' : 'auth_request /decision;'}
        proxy_pass http://service;
        proxy_http_version 1.1;
        proxy_request_buffering off;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $hop;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      }${decision === undefined ? '' : asks}
    }`
}
