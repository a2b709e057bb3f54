/**
 * `node paced-clients.ts URL SECONDS TRAFFIC RATE`: so many requests a second, however the answers come. A request is timed from
 * when it was due, so that one that had to wait for a free connection is not told as a fast one. The second before is the
 * clients' own warm-up, which would be most of what the slowest hundredth waits for. Prints what it came to as JSON; ends
 * with 1 when an answer is missing.
 * @module
 */

import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { Latencies } from './latencies.ts'
import { headersOf, type Traffic } from './traffic.ts'

const [url = '', seconds, file = '', rate] = process.argv.slice(2)
const traffic: Traffic = JSON.parse(readFileSync(file, 'utf8'))
const agent = new Agent({ keepAlive: true, maxSockets: traffic.connections })
const body = Buffer.alloc(traffic.bodyBytes, 'x')
const target = new URL(traffic.path, url)
const latencies = new Latencies()
const tickMs = 1
const warmUp = Number(rate)
const total = warmUp + Number(rate) * Number(seconds)
let sent = 0
let answers = 0

const startedAt = performance.now()
const ticking = setInterval(sendWhatIsDue, tickMs)

function sendWhatIsDue(): void {
  const due = Math.min(total, ((performance.now() - startedAt) / 1000) * Number(rate))
  while (sent < due) send(sent++)
  if (sent >= total) clearInterval(ticking)
}

function send(turn: number): void {
  const dueMs = startedAt + (turn / Number(rate)) * 1000
  const headers = headersOf(traffic, turn).flat()
  const asked = request(target, { agent, method: traffic.method, headers: ['Host', target.host, ...headers] })
  asked.on('response', (response) => {
    response.resume().on('end', () => {
      if (turn >= warmUp) latencies.answered(dueMs, response.statusCode)
      if (++answers >= total) report()
    })
  })
  asked.end(body)
}

function report(): void {
  process.stdout.write(`${JSON.stringify(latencies.total(Number(seconds)))}\n`)
  process.exit(0)
}
