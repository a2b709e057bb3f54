/**
 * An upstream that knows HTTP/1.1 in its strictest reading alone, written apart from every parser in use: bytes that
 * have any other reading are kept as a complaint.
 * @module
 */

import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { Scope } from '../support/private-server.ts'

/** Text is latin-1. */
export interface StrictRequest {
  readonly method: string
  readonly target: string
  /** `name: value`, as they came. */
  readonly lines: readonly string[]
  readonly body: string
}

export interface StrictUpstream {
  readonly url: string
  /** Whole requests, in the order of their ends. */
  readonly requests: readonly StrictRequest[]
  /** What came that is not HTTP/1.1 in one reading. */
  readonly complaints: readonly string[]
}

/** Starts it; it is closed when the test is over. `answerTo` yields the bytes of an answer. */
export async function strictUpstream(
  t: Scope,
  answerTo: (request: StrictRequest) => string = () => 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
): Promise<StrictUpstream> {
  const requests: StrictRequest[] = []
  const complaints: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    let bytes = ''
    socket.setEncoding('latin1').on('error', () => {})
    socket.on('data', (text: string) => {
      bytes += text
      try {
        for (let read = readRequest(bytes); read !== undefined; read = readRequest(bytes)) {
          bytes = read.rest
          requests.push(read.request)
          socket.write(answerTo(read.request), 'latin1')
        }
      } catch (error) {
        complaints.push(`${(error as Error).message}: ${JSON.stringify(bytes.slice(0, 200))}`)
        socket.destroy()
      }
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests, complaints }
}

interface Read {
  readonly request: StrictRequest
  readonly rest: string
}

/** `undefined` when the bytes are the beginning of a request. Throws on what has no strict reading. */
function readRequest(bytes: string): Read | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  if (end === -1) return undefined
  const [first = '', ...lines] = bytes.slice(0, end).split('\r\n')
  const [, method, target] = /^([A-Z-]+) (\/[\x21-\x7e\x80-\xff]*) HTTP\/1\.1$/.exec(first) ?? []
  if (method === undefined || target === undefined) throw new Error('not a request line')
  const bad = lines.find((line) => !/^[!#$%&'*+\-.^`|~0-9A-Za-z]+: ?[\t\x20-\x7e\x80-\xff]*$/.test(line))
  if (bad !== undefined) throw new Error(`not a header line: ${JSON.stringify(bad)}`)
  const framings = lines.filter((line) => /^(content-length|transfer-encoding):/i.test(line))
  if (framings.length > 1) throw new Error('two framings')
  if (lines.filter((line) => /^host:/i.test(line)).length !== 1) throw new Error('not one Host')
  const taken = takeBody(bytes.slice(end + 4), framings[0])
  return taken && { request: { method, target, lines, body: taken.body }, rest: taken.rest }
}

type Taken = { readonly body: string; readonly rest: string } | undefined

function takeBody(bytes: string, framing: string | undefined): Taken {
  if (framing === undefined) return { body: '', rest: bytes }
  const [, length] = /^content-length: (0|[1-9]\d*)$/i.exec(framing) ?? []
  if (length !== undefined) {
    const size = Number(length)
    return bytes.length < size ? undefined : { body: bytes.slice(0, size), rest: bytes.slice(size) }
  }
  if (!/^transfer-encoding: chunked$/i.test(framing)) throw new Error(`not a framing: ${framing}`)
  return takeChunks(bytes)
}

function takeChunks(bytes: string): Taken {
  let body = ''
  let rest = bytes
  for (;;) {
    const end = rest.indexOf('\r\n')
    if (end === -1) return undefined
    const line = rest.slice(0, end)
    if (!/^[0-9a-f]{1,8}$/i.test(line)) throw new Error(`not a chunk: ${JSON.stringify(line)}`)
    const size = Number.parseInt(line, 16)
    const behind = end + 2 + size
    if (rest.length < behind + 2) return undefined
    if (rest.slice(behind, behind + 2) !== '\r\n') throw new Error('a chunk without an end, or a trailer')
    body += rest.slice(end + 2, behind)
    rest = rest.slice(behind + 2)
    if (size === 0) return { body, rest }
  }
}
