/**
 * The baseline: stock @fastify/http-proxy, which forwards and decides nothing.
 * @module
 */

import { join } from 'node:path'
import { freePort } from '../../test/support/free-port.ts'
import { serverFolder, startServer } from '../../test/support/private-server.ts'
import { expectBody } from '../upstream.ts'
import type { Subject } from './subject.ts'

export const stock: Subject = {
  name: 'stock',
  async start(upstream, scope) {
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    const server = await startServer({
      command: process.execPath,
      args: [join(import.meta.dirname, 'stock-http-proxy.ts'), String(port), upstream.url],
      env: { NODE_ENV: 'production' },
      url,
      port,
      folder: serverFolder('stock'),
      ready: () => expectBody(url),
    })
    scope.teardown(() => server.stop())
    return { url, pid: server.pid, headers: [] }
  },
}
