/**
 * A gateway in a process that counts, a service behind it, and a client that asks as often as it is told.
 * @module
 */

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { join } from 'node:path'
import type { Scope } from '../../support/private-server.ts'
import type { Ready, Tally } from './counted-gateway.ts'

export interface CountedGateway {
  /** So many requests with the same known token, on a few connections; rejects when one is not answered with `ok`. */
  ask(count: number): Promise<void>
  tally(): Promise<Tally>
}

const connections = 8

export interface CountedOptions {
  /** Of Node. */
  readonly flags?: readonly string[]
  /** Counted besides what always is. */
  readonly what?: 'promises'
  /** Settings of the route, besides what it matches. */
  readonly route?: object
  /** Of each request, which is a POST then. */
  readonly body?: string
}

/** All of it ends with the scope. */
export async function countedGateway(
  t: Scope,
  { flags = [], what, route = {}, body }: CountedOptions = {},
): Promise<CountedGateway> {
  const upstream = createServer((request, response) => {
    request.resume().once('end', () => response.end('ok'))
  }).listen(0, '127.0.0.1')
  upstream.keepAliveTimeout = 0
  await once(upstream, 'listening')
  t.teardown(() => {
    upstream.closeAllConnections()
    upstream.close()
  })
  const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`
  const gateway = fork(
    join(import.meta.dirname, 'counted-gateway.ts'),
    [url, JSON.stringify(route), ...(what ? [what] : [])],
    {
      execArgv: ['--expose-gc', ...flags],
    },
  )
  t.teardown(async () => {
    const ended = once(gateway, 'exit')
    gateway.disconnect()
    await ended
  })
  const [ready]: Ready[] = await once(gateway, 'message')
  if (ready === undefined) throw new Error('the gateway said nothing')
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(ready.port)))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
  })
  const head = `/a HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${ready.token}\r\n`
  const request =
    body === undefined
      ? `GET ${head}\r\n`
      : `POST ${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  return {
    ask: async (count) => {
      await Promise.all(sockets.map((socket) => ask(socket, request, count / connections)))
    },
    tally: async () => {
      const told = once(gateway, 'message')
      gateway.send('tally')
      const [tally]: Tally[] = await told
      if (tally === undefined) throw new Error('the gateway counted nothing')
      return tally
    },
  }
}

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  return socket.setEncoding('latin1')
}

/** One after the other. An answer is whole when its body is there. */
function ask(socket: Socket, request: string, count: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let answers = 0
  let received = ''
  const fail = () => reject(new Error(`not an answer: ${received}`))
  const take = (text: string) => {
    received += text
    if (!received.endsWith('\r\n\r\nok')) return
    if (!received.startsWith('HTTP/1.1 200 ')) return fail()
    received = ''
    answers++
    if (answers < count) socket.write(request)
    else resolve()
  }
  socket.on('data', take).once('close', fail)
  socket.write(request)
  return promise.finally(() => socket.off('data', take).off('close', fail))
}
