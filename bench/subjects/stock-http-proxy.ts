/**
 * `node stock-http-proxy.ts PORT UPSTREAM`: @fastify/http-proxy as its page shows it, without authorization.
 * @module
 */

import httpProxy from '@fastify/http-proxy'
import { fastify } from 'fastify'

const [port, upstream = ''] = process.argv.slice(2)

const app = fastify({ logger: false })
await app.register(httpProxy, { upstream, websocket: true })
await app.listen({ host: '127.0.0.1', port: Number(port) })
