/**
 * `node node-upstream.ts PORT BODY`: answers `/bytes/N` with N bytes and all else with that body, once a request is read to its
 * end, and echoes WebSocket messages.
 * @module
 */

import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'

const [port, body = ''] = process.argv.slice(2)

const server = createServer({ keepAlive: true, requestTimeout: 0 }, (request, response) => {
  request.resume().on('end', () => {
    const [, size] = /^\/bytes\/(\d+)$/.exec(request.url ?? '') ?? []
    response.setHeader('Content-Type', 'text/plain')
    response.setHeader('X-Account-Sysmeta-Core-Access-Control', 'members')
    response.end(size === undefined ? body : Buffer.alloc(Number(size), 'x'))
  })
})
server.keepAliveTimeout = 0
new WebSocketServer({ server, perMessageDeflate: false }).on('connection', (socket) => {
  socket.on('message', (message) => socket.send(message))
})
server.listen(Number(port), '127.0.0.1', 4096)
