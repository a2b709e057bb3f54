/**
 * An honest HTTP/1.1 server that keeps what reached it, byte for byte where that matters, and answers
 * exactly what the test says: any status, headers of any case, repeated or hop-by-hop, or raw bytes.
 * @module
 */

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Scope } from './private-server.ts'
import { recordingHttp2Upstream } from './recording-http2-upstream.ts'
import { isOverHttp2 } from './upstream-client.ts'

export type HeaderLine = readonly [name: string, value: string]

export interface RecordedRequest {
  readonly method: string
  /** The request target as it came, neither decoded nor resolved. */
  readonly target: string
  /** In the order and the case that they came in. */
  readonly headers: readonly HeaderLine[]
  /** All values of a header, whatever the case of its name. */
  header(name: string): readonly string[]
  /** The first bytes of the body, up to `bodyBytesKept`. */
  readonly body: Buffer
  /** Of the whole body. */
  readonly bodyLength: number
  readonly bodySha256: string
  readonly trailers: readonly HeaderLine[]
  /** `receiving` until the last byte of the body; `aborted` when the connection broke off before. */
  readonly state: 'receiving' | 'complete' | 'aborted'
}

export type Reply =
  | {
      readonly status?: number
      readonly statusText?: string
      /** Sent as they are. `Content-Length` is added unless the body is a stream or the framing is given here. */
      readonly headers?: readonly HeaderLine[]
      readonly body?: string | Buffer | Readable
    }
  /** Bytes for the socket, which is closed behind them. */
  | { readonly raw: string | Buffer }

export type ReplyTo = (request: RecordedRequest) => Reply | Promise<Reply>

export interface UpstreamOptions {
  /** Ask for the reply once the head is there, not once the body is complete. */
  readonly replyAtHead?: boolean
  /** Takes connections that ask for an upgrade; without it such requests are answered like any other. */
  readonly upgrade?: (request: RecordedRequest, socket: Duplex, head: Buffer) => void
  /** How long an idle connection is kept; for ever with 0, and as Node does unless given. */
  readonly keepAliveMs?: number
  /** 1 MiB unless given. */
  readonly bodyBytesKept?: number
}

export interface RecordingUpstream {
  readonly url: string
  readonly port: number
  /** In the order in which their heads came. */
  readonly requests: readonly RecordedRequest[]
  /** Connections accepted so far. */
  readonly connections: number
  /** Of these, those that have not been closed. */
  readonly openConnections: number
  /** Replaces the reply for the requests to come. */
  reply(to: ReplyTo): void
  /** Closes the port and every connection. Idempotent. */
  close(): Promise<void>
}

/** Starts the server on a free port; it is closed when the test is over. Answers 200 `ok` unless told otherwise. */
export async function recordingUpstream(
  t: Scope,
  replyTo: ReplyTo = () => ({ body: 'ok' }),
  options: UpstreamOptions = {},
): Promise<RecordingUpstream> {
  if (isOverHttp2()) return recordingHttp2Upstream(t, replyTo, options)
  const { replyAtHead = false, upgrade, keepAliveMs, bodyBytesKept = 1_048_576 } = options
  const requests: RecordedRequest[] = []
  let connections = 0
  let openConnections = 0
  let currentReply = replyTo

  const server = createServer({ maxHeaderSize: 1_048_576, requestTimeout: 0 }, (request, response) => {
    const record = new Recording(request)
    requests.push(record)
    const received = record.receive(request, bodyBytesKept)
    answer()
      // A client that goes away while it is answered is the test's business; what came of it is in the record.
      .catch(() => response.destroy())

    async function answer(): Promise<void> {
      if (!replyAtHead) await received
      await send(await currentReply(record), response)
    }
  })
  server.maxHeadersCount = 0
  if (keepAliveMs !== undefined) server.keepAliveTimeout = keepAliveMs
  server.on('connection', (socket) => {
    connections++
    openConnections++
    socket.once('close', () => openConnections--)
  })
  if (upgrade !== undefined) {
    server.on('upgrade', (request, socket, head) => {
      const record = new Recording(request)
      requests.push(record)
      upgrade(record, socket, head)
    })
  }

  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const close = async () => {
    server.closeAllConnections()
    if (server.listening) await once(server.close(), 'close')
  }
  t.teardown(close)
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    requests,
    get connections() {
      return connections
    },
    get openConnections() {
      return openConnections
    },
    reply: (to) => {
      currentReply = to
    },
    close,
  }
}

class Recording implements RecordedRequest {
  readonly method: string
  readonly target: string
  readonly headers: readonly HeaderLine[]
  body: Buffer = Buffer.alloc(0)
  bodyLength = 0
  bodySha256 = ''
  trailers: readonly HeaderLine[] = []
  state: RecordedRequest['state'] = 'receiving'

  constructor(request: IncomingMessage) {
    this.method = request.method ?? ''
    this.target = request.url ?? ''
    this.headers = pairs(request.rawHeaders)
  }

  header(name: string): readonly string[] {
    return this.headers
      .filter(([given]) => given.toLowerCase() === name.toLowerCase())
      .map(([, value]) => value)
  }

  /** Never rejects: a body that breaks off leaves the record `aborted`, and what came of it is kept. */
  async receive(request: IncomingMessage, bytesKept: number): Promise<void> {
    const hash = createHash('sha256')
    const kept: Buffer[] = []
    request.on('data', (chunk: Buffer) => {
      const room = Math.max(0, bytesKept - this.bodyLength)
      if (room > 0) kept.push(chunk.subarray(0, room))
      this.bodyLength += chunk.length
      hash.update(chunk)
    })
    // Once its response is finished, a request no longer hears that its socket closed.
    const broken = new AbortController()
    const breakOff = () => broken.abort()
    request.socket.once('close', breakOff)
    await once(request, 'end', { signal: broken.signal }).catch(() => {})
    request.socket.off('close', breakOff)
    this.body = Buffer.concat(kept)
    this.bodySha256 = hash.digest('hex')
    this.trailers = pairs(request.rawTrailers)
    this.state = request.complete ? 'complete' : 'aborted'
  }
}

async function send(reply: Reply, response: ServerResponse): Promise<void> {
  if ('raw' in reply) {
    response.socket?.end(reply.raw)
    return
  }
  const { status = 200, statusText, headers = [], body = '' } = reply
  const isWhole = typeof body === 'string' || Buffer.isBuffer(body)
  const isFramed = headers.some(([name]) => /^(content-length|transfer-encoding)$/i.test(name))
  const isBodiless = status === 204 || status === 304
  const framing =
    isWhole && !isFramed && !isBodiless ? ['Content-Length', String(Buffer.byteLength(body))] : []
  response.sendDate = false
  response.writeHead(status, statusText, [...headers.flat(), ...framing])
  if (isWhole) response.end(body)
  else await pipeline(body, response)
}

function pairs(flat: readonly string[]): readonly HeaderLine[] {
  return Array.from({ length: flat.length / 2 }, (_, index) => [
    flat[2 * index] ?? '',
    flat[2 * index + 1] ?? '',
  ])
}
