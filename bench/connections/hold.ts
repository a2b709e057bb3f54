/**
 * `node hold.ts SCENARIO PORT COUNT`: opens so many connections, does with each what the scenario says, and tells what
 * became of them: a line of JSON each second, the last one when all are closed. The token is in `HOLD_TOKEN`.
 * @module
 */

import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { isScenarioName, type Scenario, scenarios } from './scenarios.ts'

/** What became of all connections so far. */
export interface Held {
  readonly open: number
  readonly closed: number
  /** No more are to be opened. */
  readonly isComplete: boolean
  /** How many got each answer first; `none` closed without one. */
  readonly answers: Readonly<Record<string, number>>
  /** From the opening of a connection to its end: the shortest and the longest so far. */
  readonly heldMs: readonly [shortest: number, longest: number] | undefined
}

const [name = '', port, count] = process.argv.slice(2)
if (!isScenarioName(name)) throw new Error(`no such scenario: ${name}`)
const { bytes, more }: Scenario = scenarios[name]
const head = bytes(process.env.HOLD_TOKEN ?? '')

/** A source address has some 28,000 ports. */
const sources = 8
const batch = 50

const open = new Set<Socket>()
const answers: Record<string, number> = {}
let closed = 0
let isComplete = false
let shortestMs = Number.POSITIVE_INFINITY
let longestMs = 0

setInterval(tell, 1_000)
while (open.size + closed < Number(count)) {
  const opening = Array.from({ length: batch }, (_, index) => hold(`127.0.0.${2 + (index % sources)}`))
  await Promise.all(opening)
}
isComplete = true
const trickle = more === undefined ? undefined : setInterval(() => trickleAll(more.bytes), more.everyMs)
while (open.size > 0) await sleep(50)
clearInterval(trickle)
tell()
process.exit()

function hold(source: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const openedAtMs = performance.now()
  const socket = connect({ host: '127.0.0.1', port: Number(port), localAddress: source }, () => {
    open.add(socket)
    socket.write(head)
    resolve()
  })
  let status = 'none'
  socket.once('data', (piece: Buffer) => {
    status = piece.toString('latin1', 9, 12)
    answers[status] = (answers[status] ?? 0) + 1
  })
  socket.on('data', () => {})
  socket.on('error', () => {})
  socket.once('close', () => {
    open.delete(socket)
    closed++
    if (status === 'none') answers.none = (answers.none ?? 0) + 1
    const heldMs = performance.now() - openedAtMs
    shortestMs = Math.min(shortestMs, heldMs)
    longestMs = Math.max(longestMs, heldMs)
    resolve()
  })
  return promise
}

function trickleAll(piece: string): void {
  for (const socket of open) if (socket.writable) socket.write(piece)
}

function tell(): void {
  const heldMs = closed === 0 ? undefined : ([shortestMs, longestMs] as const)
  const held: Held = { open: open.size, closed, isComplete, answers, heldMs }
  process.stdout.write(`${JSON.stringify(held)}\n`)
}
