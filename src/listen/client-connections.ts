/**
 * How many connections one client may hold open, over all listeners together. One too many is closed before a byte of
 * it is read, and is counted; nothing is logged for it, since whoever opens too many opens them by the thousand.
 * @module
 */

import type { Server, Socket } from 'node:net'
import { type Address, parseAddress } from '../client-address/address.ts'
import { clientNetwork } from '../client-address/client-network.ts'
import type { ConnectionMetrics } from '../observability/connection-metrics.ts'

export interface ClientConnectionsOptions {
  /** Open connections of one client; 0 switches the bound off. */
  readonly max: number
  /** Whether an address stands for many clients, as a trusted proxy does. Asked once for each connection. */
  readonly isExempt: (address: Address) => boolean
  readonly metrics: Pick<ConnectionMetrics, 'connectionOpened' | 'connectionClosed' | 'connectionRefused'>
}

/** Costs a connection two look-ups in a map, and a request nothing. */
export class ClientConnections {
  readonly #options: ClientConnectionsOptions
  /** By client; those without a connection are not in it. */
  readonly #open = new Map<string, number>()

  constructor(options: ClientConnectionsOptions) {
    this.#options = options
  }

  /**
   * Stand before a server, of TLS too, for which a connection begins with its handshake: what it made itself listen to
   * so far gets only those connections that are let in. Call it before the server listens.
   */
  guard(server: Server): void {
    const accept = server.listeners('connection')
    server.removeAllListeners('connection')
    server.on('connection', (socket: Socket) => {
      if (!this.#letIn(socket)) {
        socket.destroy()
        return
      }
      for (const listener of accept) listener.call(server, socket)
    })
    // Beyond the server's own bound, which holds for all clients together.
    server.on('drop', () => this.#options.metrics.connectionRefused('all'))
  }

  #letIn(socket: Socket): boolean {
    const { max, isExempt, metrics } = this.#options
    // The kernel names the interface of a link-local peer, which is no part of its address.
    const address = parseAddress(socket.remoteAddress?.split('%', 1)[0] ?? '')
    // It has gone already.
    if (address === undefined) return false
    const client = max === 0 || isExempt(address) ? undefined : clientNetwork(address)
    if (client !== undefined) {
      const open = this.#open.get(client) ?? 0
      if (open >= max) {
        metrics.connectionRefused('client')
        return false
      }
      this.#open.set(client, open + 1)
    }
    metrics.connectionOpened()
    socket.once('close', () => {
      metrics.connectionClosed()
      if (client !== undefined) this.#forgetOne(client)
    })
    return true
  }

  #forgetOne(client: string): void {
    const open = this.#open.get(client) ?? 0
    if (open > 1) this.#open.set(client, open - 1)
    else this.#open.delete(client)
  }
}
