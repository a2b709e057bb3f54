/**
 * HTTP/2 upstreams of node:http2 that count what they were asked, a gateway in front of them, and our client by itself.
 * @module
 */

import { once } from 'node:events'
import {
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerOptions,
} from 'node:http2'
import type { AddressInfo } from 'node:net'
import { Http2Client, type Http2Options } from '../../../src/forward/http2/http2-client.ts'
import type { UpstreamCall, UpstreamHead, UpstreamRequest } from '../../../src/forward/upstream-client.ts'
import { startTestGateway, type TestGateway } from '../../support/gateway.ts'
import type { Scope } from '../../support/private-server.ts'

export type OnStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, number: number) => void

export interface Http2Upstream {
  readonly url: string
  readonly port: number
  readonly server: Http2Server
  /** Method and path of the requests so far. */
  readonly seen: string[]
  readonly sessions: readonly ServerHttp2Session[]
  onStream: OnStream
}

export function answerOk(stream: ServerHttp2Stream): void {
  stream.respond({ ':status': 200 })
  stream.end('ok')
}

/** Starts it on a free port, without TLS; it is closed when the test is over. Answers 200 `ok` unless told otherwise. */
export async function startHttp2Upstream(
  t: Scope,
  onStream: OnStream = answerOk,
  options: ServerOptions = {},
): Promise<Http2Upstream> {
  const server = createServer(options)
  const seen: string[] = []
  const sessions: ServerHttp2Session[] = []
  server.on('session', (session) => {
    sessions.push(session as ServerHttp2Session)
    session.on('error', () => {})
  })
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    stream.on('error', () => {})
    seen.push(`${headers[':method']} ${headers[':path']}`)
    upstream.onStream(stream, headers, seen.length)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => {
    for (const session of sessions) session.destroy()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const upstream: Http2Upstream = {
    url: `http://127.0.0.1:${port}`,
    port,
    server,
    seen,
    sessions,
    onStream,
  }
  return upstream
}

/** A gateway whose one public route goes to these targets; `settings` are those of the upstream. */
export function startHttp2Gateway(
  t: Scope,
  targets: readonly string[],
  settings: object = {},
): Promise<TestGateway> {
  return startTestGateway(t, {
    upstream: 'http://127.0.0.1:1',
    upstreams: { legacy: { targets: [...targets], protocol: 'http2', ...settings } },
    routes: [{ match: { path: '/{path*}' }, authorize: { public: true } }],
  })
}

/** What came of a call. */
export interface Outcome {
  readonly call: UpstreamCall
  readonly interim: number[]
  head: UpstreamHead | undefined
  /** What has come of the body. */
  readonly body: Buffer
  asked: number
  readonly ends: ('end' | (Error & { code?: string }))[]
}

export interface StagedClient {
  readonly client: Http2Client
  send(request?: Partial<UpstreamRequest>): Outcome
}

const timeouts = { connect: 3_000, headers: 3_000, bodyIdle: 3_000, keepAlive: 3_000 }

export interface ClientInput extends Partial<Omit<Http2Options, 'place' | 'timeouts'>> {
  readonly timeouts?: Partial<Http2Options['timeouts']>
}

/** Our client in front of a port; closed when the test is over. */
export function startClient(t: Scope, port: number, input: ClientInput = {}): StagedClient {
  const client = new Http2Client({
    place: { address: { host: '127.0.0.1', port }, tls: undefined },
    connections: 1,
    streams: 100,
    queue: 100,
    pingAfterMs: 60_000,
    ...input,
    timeouts: { ...timeouts, ...input.timeouts },
  })
  t.teardown(() => client.close())
  return { client, send: (request) => sendOver(client, request) }
}

function sendOver(client: Http2Client, request: Partial<UpstreamRequest> = {}): Outcome {
  const pieces: Buffer[] = []
  const rest: Omit<Outcome, 'call' | 'body'> = { interim: [], head: undefined, asked: 0, ends: [] }
  const whole = { method: 'GET', target: '/', headers: ['host', 'x'], body: undefined }
  const call = client.send(
    { ...whole, expectsContinue: false, ...request },
    {
      onBodyWanted: () => {
        rest.asked++
      },
      onInterim: ({ status }) => void rest.interim.push(status),
      onHead: (head) => {
        rest.head = head
      },
      onData: (bytes) => void pieces.push(bytes),
      onEnd: () => void rest.ends.push('end'),
      onFailure: (error) => void rest.ends.push(error),
    },
  )
  Object.defineProperty(rest, 'body', { get: () => Buffer.concat(pieces) })
  return Object.assign(rest as Outcome, { call })
}

/** How a call ended: `end`, the code of its failure, or `undefined` while it goes on. */
export function endOf({ ends: [end, ...more] }: Outcome): string | undefined {
  if (more.length > 0) throw new Error('it ended twice')
  return end === undefined || end === 'end' ? end : (end.code ?? end.message)
}
