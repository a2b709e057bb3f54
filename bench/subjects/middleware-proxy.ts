/**
 * `node middleware-proxy.ts PORT UPSTREAM`: http-proxy-middleware on node:http. Its connections to the upstream are kept, which
 * it does not do by itself.
 * @module
 */

import { Agent, createServer } from 'node:http'
import { createProxyMiddleware } from 'http-proxy-middleware'

const [port, target = ''] = process.argv.slice(2)

const proxy = createProxyMiddleware({ target, agent: new Agent({ keepAlive: true }) })
const server = createServer((request, response) => void proxy(request, response))
server.on('upgrade', proxy.upgrade)
server.listen(Number(port), '127.0.0.1', 4096)
