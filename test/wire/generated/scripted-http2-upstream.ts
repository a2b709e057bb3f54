/**
 * The scripted upstream over HTTP/2: it keeps the fields and the content of each stream, and answers as was generated.
 * @module
 */

import { once } from 'node:events'
import { createServer, type Http2Session, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { Scope } from '../../support/private-server.ts'
import type { GeneratedExchange, Line } from './exchange.ts'
import { contentOf, isBodiless, responseFraming, writeCut } from './message-bytes.ts'
import type { ReadMessage } from './message-reader.ts'
import type { ScriptedUpstream } from './scripted-upstream.ts'

/** Starts it on a free port, without TLS; it is closed when the test is over. */
export async function scriptedHttp2Upstream(t: Scope): Promise<ScriptedUpstream> {
  const exchanges = new Map<number, GeneratedExchange>()
  const received = new Map<number, ReadMessage>()
  const surprises: string[] = []
  const sessions = new Set<Http2Session>()
  const server = createServer({
    maxHeaderListPairs: 2_000,
    settings: { maxHeaderListSize: 1_048_576 },
    maxSendHeaderBlockLength: 1_048_576,
    strictSingleValueFields: false,
  })
  server.on('session', (session) => sessions.add(session))
  server.on('stream', (stream: ServerHttp2Stream, headers, _flags, raw) => {
    const number = Number(headers['x-exchange'] ?? Number.NaN)
    const exchange = exchanges.get(number)
    if (exchange === undefined || received.has(number)) {
      surprises.push(`${headers[':method']} ${headers[':path']}`)
      return
    }
    stream.on('error', (error) => {
      if (!exchange.response.isEarly) surprises.push(error.message)
    })
    const message = messageOf(stream, raw, (update) => received.set(number, update))
    if (exchange.response.isEarly) void answer(stream, exchange)
    else void message.then(() => answer(stream, exchange))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => {
    for (const session of sessions) session.destroy()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, exchanges, received, surprises }
}

/** Resolves when the stream was ended; until then what has come is told. */
async function messageOf(
  stream: ServerHttp2Stream,
  raw: readonly string[],
  tell: (message: ReadMessage) => void,
): Promise<void> {
  const lines = Array.from({ length: raw.length / 2 }, (_, at) => `${raw[2 * at]}: ${raw[2 * at + 1]}`)
  const pieces: Buffer[] = []
  const trailers: string[] = []
  const message = (isWhole: boolean): ReadMessage => {
    const content = Buffer.concat(pieces)
    return {
      start: '',
      lines: lines.map((line) => line.replace(/[ \t]+$/, '')),
      content,
      trailers,
      isWhole,
      bytes: content.length,
    }
  }
  stream.on('trailers', (_headers, _flags, fields: string[]) => trailers.push(...fields))
  stream.on('data', (piece: Buffer) => {
    pieces.push(piece)
    tell(message(false))
  })
  tell(message(false))
  let isEnded = false
  const push = stream.push
  // Node ends what is reset, too; only then is the stream closed already.
  stream.push = (piece, encoding) => {
    isEnded ||= piece === null && !stream.closed
    return push.call(stream, piece, encoding)
  }
  if (stream.endAfterHeaders) isEnded = true
  await once(stream, 'end')
  tell(message(isEnded))
}

async function answer(stream: ServerHttp2Stream, { request, response, cutting }: GeneratedExchange) {
  for (const { status, lines } of response.interim) {
    const grouped = Object.groupBy(lines, ([name]) => name)
    const fields = Object.entries(grouped).map(([name, same = []]) => [name, same.map(([, value]) => value)])
    stream.additionalHeaders({ ':status': status, ...Object.fromEntries(fields) })
  }
  const endStream = isBodiless(request.method, response.status)
  const framing = responseFraming(response).filter(([name]) => name === 'Content-Length')
  const fields = [[':status', String(response.status)] as Line, ...response.lines, ...framing].flat()
  stream.respond(fields as never, { endStream, sendDate: false } as never)
  if (endStream) return
  await writeCut(stream, contentOf(response.content), cutting)
  stream.end()
}
