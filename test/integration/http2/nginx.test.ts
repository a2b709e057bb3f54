/**
 * In front of a real nginx that speaks HTTP/2 without TLS and says goodbye every fifty requests.
 * @module
 */

import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { startNginx } from '../../support/nginx.ts'
import { startHttp2Gateway } from './stage.ts'

const nginx = await startNginx(t, {
  config: (port, folder) => `
    keepalive_requests 50;
    server {
      listen 127.0.0.1:${port} http2;
      root ${folder}/files;
      client_max_body_size 0;
      location /protocol { return 200 "$server_protocol $host"; }
      location / {
        dav_methods PUT DELETE;
        create_full_put_path on;
      }
    }`,
})
const gateway = await startHttp2Gateway(t, [nginx.url], { connections: 2 })

t.test('it is spoken to over HTTP/2', async (t) => {
  const answer = await gateway.request({ path: '/protocol', headers: [['Host', 'gate.example']] })
  t.equal(answer.body.toString(), 'HTTP/2.0 gate.example')
})

t.test('large bodies go both ways byte for byte', async (t) => {
  const bytes = randomBytes(3_000_000)
  writeFileSync(join(nginx.folder, 'files', 'down'), bytes)
  const down = await gateway.request({ path: '/down' })
  t.ok(down.body.equals(bytes))
  const up = await gateway.request({ method: 'PUT', path: '/up', body: bytes.toString('hex') })
  t.equal(up.status, 201)
  t.equal(readFileSync(join(nginx.folder, 'files', 'up'), 'latin1'), bytes.toString('hex'))
})

t.test('its goodbyes under load lose no request', async (t) => {
  writeFileSync(join(nginx.folder, 'files', 'small'), 'small')
  let left = 2_000
  const bodies = new Map<string, number>()
  const worker = async () => {
    while (left-- > 0) {
      const { status, body } = await gateway.request({ path: '/small' })
      const key = `${status} ${body}`
      bodies.set(key, (bodies.get(key) ?? 0) + 1)
    }
  }
  await Promise.all(Array.from({ length: 40 }, worker))
  t.strictSame([...bodies], [['200 small', 2_000]])
})
