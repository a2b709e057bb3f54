/**
 * The requests of one connection, one after another (RFC 9112 section 9.3.2): a request that came before the one in front
 * of it was answered begins when that answer is complete. Node keeps the order of answers; this is the order of requests.
 * @module
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** From so many waiting requests on no more are read. Up to here it is noticed at once that a client leaves. */
const waitingMax = 32

/** A request whose turn has not come. */
export interface WaitingRequest {
  readonly incoming: IncomingMessage
  readonly response: ServerResponse
  /** Called when its turn comes. */
  begin: () => void
}

interface Queue {
  waiting: number
  newest: WaitingRequest | undefined
  isHeld: boolean
}

/** Costs a connection nothing whose client waits for its answers. */
export class Turns {
  readonly #queues = new WeakMap<Socket, Queue>()

  /**
   * Calls `begin` when it is the turn of this request: at once, or when every answer before is complete. Never behind an
   * answer that is the last of its connection: where that request ended is in doubt, or its client was told that nothing
   * more is read. Never on a connection that has ended.
   */
  take(incoming: IncomingMessage, response: ServerResponse, begin: () => void): void {
    const { socket } = incoming
    // A response has no socket as long as the one before it is on its way.
    if (response.socket !== null) {
      if (socket.writable) begin()
      return
    }
    const queue = this.#queueOf(socket)
    const request = { incoming, response, begin }
    queue.newest = request
    queue.waiting++
    if (queue.waiting === waitingMax) this.hold(socket)
    // The answer before is complete, and was not the last one. Its books are closed first.
    response.once('socket', () => process.nextTick(() => this.#begin(socket, queue, request)))
  }

  /** The newest request of the connection, while it waits. */
  newest(socket: Socket): WaitingRequest | undefined {
    return this.#queues.get(socket)?.newest
  }

  /** Read nothing more of the connection. What was read already still comes. */
  hold(socket: Socket): void {
    const queue = this.#queueOf(socket)
    if (queue.isHeld) return
    queue.isHeld = true
    // Node reads on whenever it has a whole request.
    socket.on('resume', pause)
    socket.pause()
  }

  #begin(socket: Socket, queue: Queue, request: WaitingRequest): void {
    queue.waiting--
    if (queue.newest === request) queue.newest = undefined
    if (queue.waiting === waitingMax - 1) this.#release(socket, queue)
    if (socket.writable) request.begin()
  }

  #release(socket: Socket, queue: Queue): void {
    queue.isHeld = false
    socket.off('resume', pause)
    socket.resume()
  }

  #queueOf(socket: Socket): Queue {
    const known = this.#queues.get(socket)
    if (known !== undefined) return known
    const queue = { waiting: 0, newest: undefined, isHeld: false }
    this.#queues.set(socket, queue)
    return queue
  }
}

function pause(this: Socket): void {
  this.pause()
}
