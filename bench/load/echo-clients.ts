/**
 * `node echo-clients.ts URL SECONDS TRAFFIC`: WebSocket clients, each of which sends its next message when the last one has
 * come back. Prints what that came to as JSON; ends with 1 when a connection breaks.
 * @module
 */

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { Latencies } from './latencies.ts'
import { headersOf, type Traffic } from './traffic.ts'

const [url = '', seconds, file = ''] = process.argv.slice(2)
const traffic: Traffic = JSON.parse(readFileSync(file, 'utf8'))
const message = Buffer.alloc(traffic.bodyBytes, 'x')
const latencies = new Latencies()

const sockets = await Promise.all(
  Array.from({ length: traffic.connections }, async (_, number) => {
    const headers = Object.fromEntries(headersOf(traffic, number))
    const socket = new WebSocket(new URL(traffic.path, url.replace('http', 'ws')), {
      headers,
      perMessageDeflate: false,
    })
    socket.on('close', () => process.exit(1))
    await once(socket, 'open')
    return socket
  }),
)
const startedAt = performance.now()
for (const socket of sockets) talk(socket)
await sleep(Number(seconds) * 1000)
process.stdout.write(`${JSON.stringify(latencies.total((performance.now() - startedAt) / 1000))}\n`)
process.exit(0)

function talk(socket: WebSocket): void {
  let sentAt = performance.now()
  socket.on('message', () => {
    latencies.answered(sentAt)
    sentAt = performance.now()
    socket.send(message)
  })
  socket.send(message)
}
