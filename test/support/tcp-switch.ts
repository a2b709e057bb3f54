/**
 * One port that leads to whichever server it is turned to, as a virtual address or a proxy in front of a database does.
 * @module
 */

import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { Scope } from './private-server.ts'

export interface TcpSwitch {
  readonly port: number
  /** Breaks every connection; later ones lead there. */
  turnTo(port: number): void
}

export async function startTcpSwitch(t: Scope, first: number): Promise<TcpSwitch> {
  let target = first
  const sockets = new Set<Socket>()
  const breakAll = () => {
    for (const socket of sockets) socket.destroy()
  }
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1')
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
      socket.pipe(other)
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    breakAll()
  })
  return {
    port: (server.address() as AddressInfo).port,
    turnTo(port) {
      target = port
      breakAll()
    },
  }
}
