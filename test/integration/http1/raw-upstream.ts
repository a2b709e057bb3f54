/**
 * An upstream whose every byte the test decides, and our client in front of it.
 * @module
 */

import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { Http1Client } from '../../../src/forward/http1/http1-client.ts'

import type {
  ConnectionTimeouts,
  UpstreamCall,
  UpstreamHead,
  UpstreamRequest,
} from '../../../src/forward/upstream-client.ts'
import type { Scope } from '../../support/private-server.ts'

/** A connection to the upstream, and what came over it, latin-1. */
export interface Accepted {
  readonly socket: Socket
  received: string
}

/** What came of a call. */
export interface Outcome {
  readonly call: UpstreamCall
  head: UpstreamHead | undefined
  /** Latin-1. */
  body: string
  /** Both at the end: which of them came, and how often. */
  readonly ends: ('end' | Error)[]
}

export interface RawUpstream {
  readonly port: number
  readonly client: Http1Client
  readonly accepted: readonly Accepted[]
  send(request?: Partial<UpstreamRequest>): Outcome
}

interface RawUpstreamInput {
  readonly connections?: number
  readonly timeouts?: Partial<ConnectionTimeouts>
  /** Called with everything that came over a connection so far, whenever something did. */
  readonly onData?: (connection: Accepted, connections: readonly Accepted[]) => void
}

const generous: ConnectionTimeouts = { connect: 5_000, headers: 5_000, bodyIdle: 5_000, keepAlive: 5_000 }

/** Starts both; they are closed when the test is over. */
export async function startRawUpstream(
  t: Scope,
  { connections = 1, timeouts = {}, onData }: RawUpstreamInput = {},
): Promise<RawUpstream> {
  const accepted: Accepted[] = []
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const connection: Accepted = { socket, received: '' }
    accepted.push(connection)
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      connection.received += bytes.toString('latin1')
      onData?.(connection, accepted)
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const client = new Http1Client({
    address: { host: '127.0.0.1', port },
    connections,
    timeouts: { ...generous, ...timeouts },
  })
  t.teardown(async () => {
    await client.close()
    for (const { socket } of accepted) socket.destroy()
    server.close()
  })
  return {
    port,
    client,
    accepted,
    send: ({ method = 'GET', target = '/', headers = ['host', 'x'], body, expectsContinue = false } = {}) =>
      record((receiver) => client.send({ method, target, headers, body, expectsContinue }, receiver)),
  }
}

function record(send: (receiver: Parameters<Http1Client['send']>[1]) => UpstreamCall): Outcome {
  const seen: Omit<Outcome, 'call'> = { head: undefined, body: '', ends: [] }
  const call = send({
    onBodyWanted() {},
    onInterim() {},
    onHead: (head) => {
      seen.head = head
    },
    onData: (bytes) => {
      seen.body += bytes.toString('latin1')
    },
    onEnd: () => void seen.ends.push('end'),
    onFailure: (error) => void seen.ends.push(error),
  })
  return Object.assign(seen, { call })
}

/** The code of the error that a call ended with. */
export function codeOf({ ends }: Outcome): string | undefined {
  const [end] = ends
  return end instanceof Error && 'code' in end ? String(end.code) : undefined
}

/** A whole response. */
export function responseOf(body: string, ...lines: readonly string[]): string {
  return `${['HTTP/1.1 200 OK', `Content-Length: ${body.length}`, ...lines].join('\r\n')}\r\n\r\n${body}`
}
