/**
 * What the clients of a soak do with a connection. Whatever comes otherwise than expected is thrown.
 * @module
 */

import { type Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'

export interface Asked {
  readonly port: number
  readonly agent: Agent
  readonly method?: string
  readonly path: string
  readonly token?: string | undefined
  readonly body?: Buffer
}

const deadlineMs = 20_000

/** Sends a request and reads the whole answer. Rejects when the status is another, or the body not so long. */
export async function ask(asked: Asked, status: number, bodyBytes?: number): Promise<void> {
  const incoming = await headOf(asked)
  let length = 0
  for await (const piece of incoming) length += (piece as Buffer).length
  if (incoming.statusCode !== status) throw new Error(`${asked.path}: ${incoming.statusCode}`)
  if (bodyBytes !== undefined && length !== bodyBytes) throw new Error(`${asked.path}: ${length} bytes`)
}

/** Sends a request; resolves with the head of the answer, whose body is for the caller. */
export function headOf({ port, agent, method = 'GET', path, token, body }: Asked): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const headers = {
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(body === undefined ? {} : { 'content-length': body.length }),
  }
  const outgoing = httpRequest({ host: '127.0.0.1', port, agent, method, path, headers }, resolve)
  outgoing.setTimeout(deadlineMs, () => outgoing.destroy(new Error(`${path}: no answer in time`)))
  outgoing.on('error', reject)
  outgoing.end(body)
  return promise
}

/** Resolves once an answer ends, in good order or not. */
export function ended(incoming: IncomingMessage): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  incoming.on('error', () => {})
  incoming.once('close', resolve)
  incoming.resume()
  return promise
}

/** A connection of its own, on which bytes are written as they are. */
export async function openSocket(port: number, bytes: string, from?: string): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const local = from === undefined ? {} : { localAddress: from }
  const socket = connect({ host: '127.0.0.1', port, ...local }, resolve)
  socket.once('error', reject)
  await promise
  socket.off('error', reject).on('error', () => {})
  socket.write(bytes)
  return socket
}
