/**
 * What goes wrong on a client's socket below the level of a request: bytes that are not HTTP, heads and bodies that are
 * malformed, too large or too slow. Each is answered where an answer can still be read, and booked once.
 * @module
 */

import type { Socket } from 'node:net'
import { unmatchedRoute } from '../observability/labels.ts'
import type { ClientConnection, Exchange } from '../request/exchange.ts'
import { type Refusal, refuse } from '../request/refusal.ts'
import type { Linger } from './linger.ts'
import { hasClientLeft, refusalOfClientError, refuseOnSocket } from './refuse-on-socket.ts'
import { sendRefusal } from './send-refusal.ts'
import type { Books } from './settle.ts'
import type { Turns } from './turns.ts'

/** Answers and books trouble on sockets. */
export class ClientErrors {
  readonly #booksInForce: () => Pick<Books, 'metrics' | 'log' | 'isLogging'>
  readonly #nextId: () => string
  readonly #linger: Linger
  readonly #turns: Turns
  /** Connections whose trouble waits for the answers that are owed before. */
  readonly #failed = new WeakSet<Socket>()
  /** The last exchange that began on each connection: the one whose body may be at fault. */
  readonly #latest = new WeakMap<ClientConnection, Exchange>()

  constructor(
    booksInForce: () => Pick<Books, 'metrics' | 'log' | 'isLogging'>,
    nextId: () => string,
    { linger, turns }: { readonly linger: Linger; readonly turns: Turns },
  ) {
    this.#booksInForce = booksInForce
    this.#nextId = nextId
    this.#linger = linger
    this.#turns = turns
  }

  /** Note that an exchange began, so that trouble with its body is booked on it. */
  began(exchange: Exchange): void {
    this.#latest.set(exchange.incoming.socket, exchange)
  }

  /** Whether a request came before on this connection that has no answer yet. */
  isBusy(socket: Socket): boolean {
    const latest = this.#latest.get(socket)
    return latest !== undefined && !latest.response.writableFinished
  }

  /** Node's parser or one of its timers gave up on a socket. */
  failed(error: Error, socket: Socket): void {
    const refusal = refusalOfClientError(error)
    const exchange = this.#latest.get(socket)
    if (exchange === undefined) this.refuse(socket, '', refusal)
    else if (!exchange.incoming.complete) breakOff(exchange, hasClientLeft(error) ? undefined : refusal)
    else if (exchange.response.writableFinished) this.refuse(socket, '', refusal)
    else if (hasClientLeft(error)) socket.destroy()
    else this.#refuseInTurn(socket, exchange.response, refusal)
  }

  /** The body of an exchange comes so slowly that it is not waited for. */
  readonly tooSlow = (exchange: Exchange): void =>
    breakOff(exchange, refuse('request_timeout', 'the body comes too slowly'))

  /** Refuse what never became an exchange. `method` is empty where none was read. */
  refuse(socket: Socket, method: string, refusal: Refusal): void {
    // It would be read as the answer to the request before, which Node no longer keeps in order here.
    if (this.isBusy(socket)) {
      socket.destroy()
      return
    }
    const requestId = this.#nextId()
    const canAnswer = socket.writable
    refuseOnSocket(socket, refusal, requestId, this.#linger)
    if (!canAnswer) return
    const { metrics, log, isLogging } = this.#booksInForce()
    metrics.exchangeBegan()
    metrics.forRoute(unmatchedRoute).settled(method, refusal.status, refusal.code, 0)
    if (!isLogging) return
    const { code, reason, status, owner } = refusal
    log.info({ requestId, outcome: code, status, code, reason, owner }, 'request')
  }

  /** Requests that came whole have their answers first, and the trouble is read as nobody's answer. */
  #refuseInTurn(socket: Socket, underWay: Exchange['response'], refusal: Refusal): void {
    if (this.#failed.has(socket)) return
    this.#failed.add(socket)
    this.#turns.hold(socket)
    const newest = this.#turns.newest(socket)
    const refuse = () => {
      if (socket.writable) this.refuse(socket, '', refusal)
    }
    if (newest === undefined) underWay.once('close', refuse)
    else if (newest.incoming.complete) newest.response.once('close', refuse)
    else newest.begin = refuse
  }
}

/** The rest of a body is malformed or too slow, or nobody sends it: its exchange is answered, if it can be, and settled once. */
function breakOff(exchange: Exchange, refusal: Refusal | undefined): void {
  const { incoming, response, notes } = exchange
  if (refusal === undefined || response.headersSent) {
    notes.broken ??= refusal?.reason
    // Other requests share a connection of HTTP/2.
    if (incoming.httpVersion === '2.0') incoming.destroy()
    else incoming.socket.destroy()
    return
  }
  notes.refusal = refusal
  response.shouldKeepAlive = false
  sendRefusal(exchange, refusal)
}
