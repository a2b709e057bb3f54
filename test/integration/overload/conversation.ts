/**
 * One connection of a client that stays open over several requests, from whichever loopback address the test likes.
 * @module
 */

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { parseResponse, type RawResponse } from '../../support/parse-response.ts'
import type { Scope } from '../../support/private-server.ts'
import { until } from '../../support/until.ts'

export interface Conversation {
  readonly socket: Socket
  /** The server has closed it. */
  readonly isClosed: boolean
  /** Writes bytes and waits for the next response. Throws when the connection ends or 10 s pass before it is there. */
  ask(bytes: string): Promise<RawResponse>
  /** Waits for the next response to what was written on the socket. */
  answer(): Promise<RawResponse>
}

/** Opens it; it is closed when the test is over. */
export async function converse(t: Scope, port: number, localAddress = '127.0.0.1'): Promise<Conversation> {
  const socket = connect({ port, host: '127.0.0.1', localAddress })
  let received: Buffer = Buffer.alloc(0)
  socket.on('data', (bytes: Buffer) => {
    received = Buffer.concat([received, bytes])
  })
  // What became of it shows in that it is closed.
  socket.on('error', () => {})
  t.teardown(() => socket.destroy())
  await once(socket, 'connect')
  const answer = async (): Promise<RawResponse> => {
    const parse = () => parseResponse(received, { isHead: false, isEnded: false })
    await until(() => parse() !== undefined || socket.closed)
    const parsed = parse()
    if (parsed === undefined) throw new Error('the connection was closed without a response')
    received = parsed.rest
    return parsed.response
  }
  return {
    socket,
    get isClosed() {
      return socket.closed
    },
    answer,
    ask: (bytes) => {
      socket.write(bytes, 'latin1')
      return answer()
    },
  }
}

/** A GET of a path with these further lines. */
export function get(path: string, ...lines: readonly string[]): string {
  return [`GET ${path} HTTP/1.1`, 'Host: a', ...lines, '', ''].join('\r\n')
}

/** The code of a refusal; `undefined` where the answer is none. */
export function codeOf({ body }: RawResponse): unknown {
  const text = body.toString()
  return text.startsWith('{') ? JSON.parse(text).code : undefined
}
