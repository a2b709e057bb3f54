/**
 * http-proxy-middleware, the proxy that most Node applications have.
 * @module
 */

import { expectBody } from '../upstream/upstream.ts'
import { startNodeServer } from './node-server.ts'
import type { Subject } from './subject.ts'

export const middleware: Subject = {
  name: 'middleware',
  title: 'http-proxy-middleware, no auth',
  can: ['forward', 'upgrade'],
  async start({ upstream }, scope) {
    const { url, pid } = await startNodeServer('middleware-proxy.ts', [upstream.url], scope, expectBody)
    return { url, pids: [pid] }
  },
}
