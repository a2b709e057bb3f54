/**
 * The recording upstream over HTTP/2, without TLS. Fields are kept as they came but for the pseudo-header fields, of which
 * `:authority` stands as `host`. It answers what the test says, in lower case; bytes as they are it cannot.
 * @module
 */

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Http2Session, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream/promises'
import type { Scope } from './private-server.ts'
import type {
  HeaderLine,
  RecordedRequest,
  RecordingUpstream,
  Reply,
  ReplyTo,
  UpstreamOptions,
} from './recording-upstream.ts'

export async function recordingHttp2Upstream(
  t: Scope,
  replyTo: ReplyTo,
  { replyAtHead = false, bodyBytesKept = 1_048_576 }: UpstreamOptions,
): Promise<RecordingUpstream> {
  const requests: RecordedRequest[] = []
  const sessions = new Set<Http2Session>()
  let connections = 0
  let currentReply = replyTo
  const server = createServer({
    strictSingleValueFields: false,
    maxHeaderListPairs: 5_000,
    settings: { maxHeaderListSize: 1_048_576 },
  })
  server.on('session', (session) => {
    connections++
    sessions.add(session)
    session.on('error', () => {})
    session.once('close', () => sessions.delete(session))
  })
  server.on('stream', (stream: ServerHttp2Stream, _headers, _flags, raw) => {
    const record = new StreamRecording(raw)
    requests.push(record)
    stream.on('error', () => {})
    const received = record.receive(stream, bodyBytesKept)
    void answer()

    async function answer(): Promise<void> {
      if (!replyAtHead) await received
      if (!stream.destroyed) await send(await currentReply(record), stream).catch(() => stream.close(2))
    }
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const close = async () => {
    for (const session of sessions) session.destroy()
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    await closed
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
      return sessions.size
    },
    reply: (to) => {
      currentReply = to
    },
    close,
  }
}

class StreamRecording implements RecordedRequest {
  readonly method: string
  readonly target: string
  readonly headers: readonly HeaderLine[]
  readonly trailers: readonly HeaderLine[] = []
  body: Buffer = Buffer.alloc(0)
  bodyLength = 0
  bodySha256 = ''
  state: RecordedRequest['state'] = 'receiving'

  constructor(raw: readonly string[]) {
    const lines = Array.from(
      { length: raw.length / 2 },
      (_, at): HeaderLine => [(raw[2 * at] ?? '').replace(':authority', 'host'), raw[2 * at + 1] ?? ''],
    )
    const pseudo = new Map(lines.filter(([name]) => name.startsWith(':')))
    this.method = pseudo.get(':method') ?? ''
    this.target = pseudo.get(':path') ?? ''
    this.headers = lines.filter(([name]) => !name.startsWith(':'))
  }

  header(name: string): readonly string[] {
    return this.headers.filter(([given]) => given === name.toLowerCase()).map(([, value]) => value)
  }

  async receive(stream: ServerHttp2Stream, bytesKept: number): Promise<void> {
    const hash = createHash('sha256')
    const kept: Buffer[] = []
    let isEnded = stream.endAfterHeaders
    const push = stream.push
    // Node ends what is reset, too; only then is the stream closed already.
    stream.push = (piece, encoding) => {
      isEnded ||= piece === null && !stream.closed
      return push.call(stream, piece, encoding)
    }
    stream.on('data', (piece: Buffer) => {
      const room = Math.max(0, bytesKept - this.bodyLength)
      if (room > 0) kept.push(piece.subarray(0, room))
      this.bodyLength += piece.length
      hash.update(piece)
    })
    await Promise.race([once(stream, 'end'), once(stream, 'close')]).catch(() => {})
    this.body = Buffer.concat(kept)
    this.bodySha256 = hash.digest('hex')
    this.state = isEnded ? 'complete' : 'aborted'
  }
}

async function send(reply: Reply, stream: ServerHttp2Stream): Promise<void> {
  if ('raw' in reply) throw new Error('no such bytes over HTTP/2')
  const { status = 200, headers = [], body = '' } = reply
  const isWhole = typeof body === 'string' || Buffer.isBuffer(body)
  const lines = headers.map(([name, value]) => [name.toLowerCase(), value])
  const isFramed = lines.some(([name]) => name === 'content-length')
  const length =
    isWhole && !isFramed && status !== 204 ? ['content-length', String(Buffer.byteLength(body))] : []
  stream.respond(
    [':status', String(status), ...lines.flat(), ...length] as never,
    { sendDate: false } as never,
  )
  if (isWhole) stream.end(body)
  else await pipeline(body, stream)
}
