/**
 * Requests to switch protocols. Node takes such a connection out of its HTTP server, so what the server does for a
 * response is done here: an answer other than a switch can be written and is the last one of its connection.
 * @module
 */

import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { EarlyBytes } from '../forward/tunnel/early-bytes.ts'
import { Exchange } from '../request/exchange.ts'
import { type AllowedUpgrade, findUpgrade } from '../request/find-upgrade.ts'
import type { Plan } from '../request/plan.ts'
import { refuse } from '../request/refusal.ts'
import type { ClientErrors } from './client-errors.ts'

interface UpgradesOptions {
  /** The one in force. */
  readonly findPlan: () => Plan
  readonly clientErrors: ClientErrors
  readonly nextId: () => string
  /** Takes the exchange from here, as that of any other request. */
  readonly begin: (exchange: Exchange) => void
}

/** The connections that are, or may become, something else than HTTP. */
export class Upgrades {
  readonly #options: UpgradesOptions
  readonly #open = new Set<Exchange>()

  constructor(options: UpgradesOptions) {
    this.#options = options
  }

  /** Whether a request is taken for an upgrade. Behind one that has no answer yet, none is: answers keep their order. */
  shouldTake(incoming: IncomingMessage): boolean {
    return !this.#options.clientErrors.isBusy(incoming.socket) && this.#find(incoming) !== undefined
  }

  take(incoming: IncomingMessage, socket: Socket, head: Buffer): void {
    const { clientErrors, nextId, begin } = this.#options
    const allowed = this.#find(incoming)
    if (allowed === undefined) {
      // A runtime that does not ask hands out every upgrade.
      const refusal = refuse('malformed_request', 'an upgrade that no route allows')
      clientErrors.refuse(socket, incoming.method ?? '', refusal)
      return
    }
    // Behind an answer that was the last one of its connection.
    if (!socket.writable) {
      socket.destroy()
      return
    }
    socket.setTimeout(0)
    const early = new EarlyBytes(socket, head)
    const response = responseOn(socket, incoming)
    response.once('finish', () => {
      settleResponse(response, socket)
      early.discard()
    })
    const exchange = new Exchange(nextId(), incoming.url ?? '', incoming, response, {
      ...allowed,
      early,
      response,
    })
    this.#open.add(exchange)
    socket.once('close', () => this.#open.delete(exchange))
    begin(exchange)
  }

  /** Closes them at once, whatever they have become. */
  closeAll(): void {
    for (const { notes, incoming } of this.#open) {
      notes.tunnel?.end('drain')
      incoming.socket.destroy()
    }
  }

  #find({ method = '', url = '', httpVersion, rawHeaders }: IncomingMessage): AllowedUpgrade | undefined {
    return findUpgrade({ method, target: url, httpVersion, rawHeaders }, this.#options.findPlan())
  }
}

/** The response to a request that the server has let go of. */
function responseOn(socket: Socket, incoming: IncomingMessage): ServerResponse {
  const response = new ServerResponse(incoming)
  response.shouldKeepAlive = false
  response.assignSocket(socket)
  socket.on('error', () => {
    // Its close follows, and everybody hears of that.
  })
  socket.on('drain', () => response.emit('drain'))
  return response
}

/** The answer is written, which is the end of the exchange; the connection may linger. */
function settleResponse(response: ServerResponse, socket: Socket): void {
  response.detachSocket(socket)
  response.destroyed = true
  response.emit('close')
}
