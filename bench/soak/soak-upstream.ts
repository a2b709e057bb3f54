/**
 * `node soak-upstream.ts PORT`: a service with every kind of answer that a gateway has to carry. The last segments of
 * the path say which: `/bytes/N`, `/sink`, `/events`, `/broken`, `/hangup`, and WebSocket on `/live`, which echoes.
 * @module
 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { WebSocketServer } from 'ws'

const eventIntervalMs = 500
const filler = Buffer.alloc(65_536, 'x')

const server = createServer((incoming, response) => {
  const { pathname } = new URL(incoming.url ?? '', 'http://upstream')
  const [what, amount] = pathname.split('/').slice(2)
  switch (what) {
    case 'bytes':
      void sendBytes(response, Number(amount))
      return
    case 'sink':
      receive(incoming, response)
      return
    case 'events':
      sendEvents(response)
      return
    case 'broken':
      response.writeHead(200, { 'Content-Length': filler.length * 2 })
      response.write(filler, () => response.destroy())
      return
    case 'hangup':
      incoming.socket.destroy()
      return
    default:
      response.writeHead(404).end()
  }
})
// Longer than the gateway keeps them: it closes them, and no request meets a closing one.
server.keepAliveTimeout = 60_000

const sockets = new WebSocketServer({ noServer: true })
server.on('upgrade', (incoming, socket, head) =>
  sockets.handleUpgrade(incoming, socket, head, (client) => {
    client.on('error', () => {})
    client.on('message', (data, isBinary) => client.send(data, { binary: isBinary }))
  }),
)
server.listen(Number(process.argv[2]), '127.0.0.1', 8_192)

async function sendBytes(response: ServerResponse, length: number): Promise<void> {
  response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': length })
  for (let left = length; left > 0 && !response.destroyed; left -= filler.length) {
    if (!response.write(filler.subarray(0, left))) await drained(response)
  }
  response.end()
}

/** Resolves as well when the client has left. */
function drained(response: ServerResponse): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const done = () => {
    response.off('drain', done).off('close', done)
    resolve()
  }
  response.on('drain', done).on('close', done)
  return promise
}

function receive(incoming: IncomingMessage, response: ServerResponse): void {
  let length = 0
  incoming.on('data', (piece: Buffer) => {
    length += piece.length
  })
  incoming.on('error', () => {})
  incoming.on('end', () => response.end(String(length)))
}

function sendEvents(response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'text/event-stream' })
  const timer = setInterval(() => response.write('data: tick\n\n'), eventIntervalMs)
  response.write(': begun\n\n')
  response.once('close', () => clearInterval(timer))
}
