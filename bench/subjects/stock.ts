/**
 * The baseline: stock @fastify/http-proxy, which forwards and decides nothing.
 * @module
 */

import { expectBody } from '../upstream/upstream.ts'
import { startNodeServer } from './node-server.ts'
import type { Subject } from './subject.ts'

export const stock: Subject = {
  name: 'stock',
  title: '@fastify/http-proxy, no auth',
  can: ['forward', 'upgrade'],
  async start({ upstream }, scope) {
    const { url, pid } = await startNodeServer('stock-http-proxy.ts', [upstream.url], scope, expectBody)
    return { url, pids: [pid] }
  },
}
