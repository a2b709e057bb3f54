/**
 * A way to a server on which bytes are late, come drop by drop, or not at all, while every connection looks well. Can
 * treat connections apart by what their clients have sent.
 * @module
 */

import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { Scope } from './private-server.ts'

/**
 * `open`: at once. `slow`: 5 seconds late, each way, unless told otherwise. `trickling`: one byte per second. `stalled`: not until it goes
 * on, as if packets were dropped. `half-open`: connections are accepted and nobody ever answers; those from before break.
 */
export type Fault = 'open' | 'slow' | 'trickling' | 'stalled' | 'half-open'

export interface FaultyProxy {
  readonly port: number
  /** From now on, for old connections and new ones; with `onlyWhere`, for those on which the client has sent that. */
  behave(fault: Fault, onlyWhere?: RegExp): void
}

const trickleMs = 1_000
/** Of what a client has sent, for `onlyWhere`: its first words. */
const firstWordsMax = 4_096

export async function startFaultyProxy(
  t: Scope,
  targetPort: number,
  { slowMs = 5_000 }: { readonly slowMs?: number } = {},
): Promise<FaultyProxy> {
  const links = new Set<Link>()
  let fault: Fault = 'open'
  let onlyWhere: RegExp | undefined
  const faultOf = ({ firstWords }: Link): Fault =>
    onlyWhere === undefined || onlyWhere.test(firstWords) ? fault : 'open'
  const server = createServer((client) => {
    const link = new Link(client, { targetPort, slowMs, fault: () => faultOf(link) })
    links.add(link)
    link.whenOver(() => links.delete(link))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    for (const link of links) link.destroy()
  })
  return {
    port: (server.address() as AddressInfo).port,
    behave(next, where) {
      // Nobody is behind connections that were accepted meanwhile, and nobody answers on those from before.
      const mustBreak = [...links].filter((link) => faultOf(link) === 'half-open' || next === 'half-open')
      fault = next
      onlyWhere = where
      for (const link of mustBreak) link.destroy()
      for (const link of links) link.goOn()
    },
  }
}

/** One connection of a client and the one to the server that belongs to it. */
class Link {
  /** What the client sent first, as latin-1. */
  firstWords = ''
  readonly #sockets: readonly [client: Socket, server: Socket]
  readonly #ways: readonly [up: Way, down: Way]

  constructor(client: Socket, { targetPort, ...plan }: WayPlan & { readonly targetPort: number }) {
    const server = connect(targetPort, '127.0.0.1')
    this.#sockets = [client, server]
    this.#ways = [new Way(server, plan), new Way(client, plan)]
    client.on('data', (chunk) => {
      if (this.firstWords.length < firstWordsMax) this.firstWords += chunk.toString('latin1')
    })
    for (const [index, socket] of this.#sockets.entries()) {
      const way = this.#ways[index] as Way
      socket.on('data', (chunk: Buffer) => way.take(chunk))
      socket.on('error', () => {})
      socket.on('close', () => way.take(undefined))
    }
  }

  /** Calls `act` once both ends are closed: one that is cut off may not know of the other's end. */
  whenOver(act: () => void): void {
    for (const socket of this.#sockets) {
      socket.on('close', () => {
        if (this.#sockets.every(({ destroyed }) => destroyed)) act()
      })
    }
  }

  goOn(): void {
    for (const way of this.#ways) way.goOn()
  }

  destroy(): void {
    for (const socket of this.#sockets) socket.destroy()
  }
}

interface WayPlan {
  readonly fault: () => Fault
  readonly slowMs: number
}

/** One direction of a link. The end of the connection travels as bytes do. */
class Way {
  readonly #to: Socket
  readonly #plan: WayPlan
  /** `undefined` is the end. */
  readonly #queue: { readonly at: number; chunk: Buffer | undefined }[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(to: Socket, plan: WayPlan) {
    this.#to = to
    this.#plan = plan
  }

  take(chunk: Buffer | undefined): void {
    this.#queue.push({ at: performance.now(), chunk })
    if (this.#timer === undefined) this.goOn()
  }

  goOn(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    for (let [first] = this.#queue; first !== undefined; [first] = this.#queue) {
      const waitMs = this.#waitMs(first.at)
      if (waitMs > 0) {
        if (Number.isFinite(waitMs)) this.#later(waitMs)
        return
      }
      this.#queue.shift()
      if (first.chunk === undefined) this.#to.destroy()
      else this.#to.write(first.chunk)
    }
  }

  /** Before the first of the queue may go; a trickle lets go of one byte and asks again. */
  #waitMs(at: number): number {
    const fault = this.#plan.fault()
    switch (fault) {
      case 'open':
        return 0
      case 'slow':
        return at + this.#plan.slowMs - performance.now()
      case 'trickling':
        return this.#drip() ? trickleMs : 0
      case 'stalled':
      case 'half-open':
        return Number.POSITIVE_INFINITY
      default:
        return fault satisfies never
    }
  }

  /** False when nothing but the end is left of the first. */
  #drip(): boolean {
    const [first] = this.#queue
    if (first?.chunk === undefined || first.chunk.length === 0) return false
    this.#to.write(first.chunk.subarray(0, 1))
    first.chunk = first.chunk.subarray(1)
    return true
  }

  #later(ms: number): void {
    this.#timer = setTimeout(() => this.goOn(), ms).unref()
  }
}
