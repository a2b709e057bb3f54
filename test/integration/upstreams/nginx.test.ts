/**
 * A real nginx behind the gateway: what it serves, what never reaches it, and files larger than memory should hold.
 * @module
 */

import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { newInstallation } from '../../support/installation.ts'
import { type Nginx, startNginx } from '../../support/nginx.ts'
import type { Scope } from '../../support/private-server.ts'
import type { HeaderLine } from '../../support/recording-upstream.ts'
import { sampleMemory } from '../../support/sampled-memory.ts'
import { until } from '../../support/until.ts'
import { gibibyte, transfer } from './transfers.ts'

const mebibyte = 2 ** 20
// Gibibytes take seconds, but minutes on a machine that is busy with something else.
t.setTimeout(300_000)

t.test('what is authorized is served, and what is refused never reaches the server', async (t) => {
  const { nginx, url, headers } = await begin(t)
  const body = { method: 'PUT', headers, bytes: 10_000 }
  const stored = await transfer({ url: `${url}/a%20b/c`, ...body })
  t.equal(stored.status, 201)
  t.equal(statSync(join(nginx.folder, 'files/a b/c')).size, 10_000)
  const read = await transfer({ url: `${url}/a%20b/c`, headers })
  t.equal(read.status, 200)
  t.equal(read.sha256, stored.sentSha256)

  const refused = [
    { url: `${url}/a%20b/c` },
    { url: `${url}/a%20b/c`, headers: { authorization: 'Bearer nonsense' } },
    { url: `${url}/d`, method: 'PUT', bytes: 100_000 },
    { url: `${url}/x%2f..%2fa`, headers },
    { url: `${url}//a`, headers },
  ]
  const statuses = []
  for (const attempt of refused) statuses.push((await transfer(attempt)).status)
  t.strictSame(statuses, [401, 401, 401, 400, 400])
  await until(() => accessLog(nginx).length >= 2)
  t.strictSame(accessLog(nginx), ['PUT /a%20b/c 201', 'GET /a%20b/c 200'])
})

t.test('ranges, conditions and methods of HTTP work through the gateway', async (t) => {
  const { gateway, url, headers } = await begin(t)
  await transfer({ url: `${url}/file`, method: 'PUT', headers, bytes: 100_000 })
  const credential = ['Authorization', headers.authorization] as const
  const ask = (method: string, ...lines: readonly HeaderLine[]) =>
    gateway.request({ method, path: '/file', headers: [credential, ...lines] })
  const range = await ask('GET', ['Range', 'bytes=10-19'])
  t.equal(range.status, 206)
  t.equal(range.body.length, 10)
  const head = await ask('HEAD')
  t.strictSame(head.header('content-length'), ['100000'])
  const [modified = ''] = head.header('last-modified')
  t.equal((await ask('GET', ['If-Modified-Since', modified])).status, 304)
  t.equal((await ask('DELETE')).status, 204)
  t.equal((await ask('GET')).status, 404)
})

t.test('a gibibyte goes up and comes down unchanged, and the gateway holds next to none of it', async (t) => {
  const { gateway, nginx, url, headers } = await begin(t)
  // A process takes some memory for streams of any size; what counts is that it takes no more for a larger one.
  await transfer({ url: `${url}/warm`, method: 'PUT', headers, bytes: 128 * mebibyte })
  await transfer({ url: `${url}/warm`, headers })
  const memory = sampleMemory(gateway.pid)
  const stored = await transfer({ url: `${url}/large`, method: 'PUT', headers, bytes: gibibyte })
  t.equal(stored.status, 201)
  t.equal(statSync(join(nginx.folder, 'files/large')).size, gibibyte)
  const read = await transfer({ url: `${url}/large`, headers })
  const { growthBytes } = memory()
  t.equal(read.length, gibibyte)
  t.equal(read.sha256, stored.sentSha256)
  t.ok(growthBytes < 64 * mebibyte, `the gateway grew by ${Math.round(growthBytes / mebibyte)} MiB`)
})

async function begin(t: Scope) {
  const nginx = await startNginx(t, { config: loggingFileServer })
  const installation = newInstallation(t, { upstream: nginx.url })
  const gateway = await installation.serve()
  const { text } = await installation.issue()
  return {
    nginx,
    gateway,
    headers: { authorization: `Bearer ${text}` },
    url: `http://127.0.0.1:${gateway.port}`,
  }
}

function loggingFileServer(port: number, folder: string): string {
  return `
    log_format line '$request_method $request_uri $status';
    server {
      listen 127.0.0.1:${port};
      root ${folder}/files;
      access_log ${folder}/access.log line;
      client_max_body_size 0;
      location / {
        dav_methods PUT DELETE;
        create_full_put_path on;
      }
    }`
}

function accessLog({ folder }: Nginx): readonly string[] {
  return readFileSync(join(folder, 'access.log'), 'latin1').split('\n').slice(0, -1)
}
