/**
 * Requests whose every byte the test decides, and responses as they came: what HTTP clients mend, merge or
 * reorder on the way is what the tests of a gateway are about.
 * @module
 */

import { connect } from 'node:net'
import { parseResponse, type RawResponse } from './parse-response.ts'
import type { HeaderLine } from './recording-upstream.ts'

export interface RawAnswer extends RawResponse {
  /** The server closed the connection: waited for when it said so or with `untilClose`, otherwise as seen so far. */
  readonly closed: boolean
  /** Bytes that came behind the response. */
  readonly rest: Buffer
}

export interface RawRequestOptions {
  /** 5 seconds unless given. */
  readonly timeoutMs?: number
  /** Read on after the response until the server closes, or until the deadline. */
  readonly untilClose?: boolean
}

export interface PlainRequest {
  readonly method?: string
  readonly path?: string
  /** Sent in this order and case. `Host` and, for a body, `Content-Length` are added unless they are here. */
  readonly headers?: readonly HeaderLine[]
  readonly body?: string | Buffer
}

/** Sends one request on a connection of its own, which is closed behind the response. */
export function request(port: number, plain: PlainRequest, options?: RawRequestOptions): Promise<RawAnswer> {
  const { method = 'GET', path = '/', headers = [], body = '' } = plain
  const has = (pattern: RegExp) => headers.some(([name]) => pattern.test(name))
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`)
  if (!has(/^host$/i)) lines.unshift(`Host: 127.0.0.1:${port}\r\n`)
  if (body.length > 0 && !has(/^(content-length|transfer-encoding)$/i)) {
    lines.push(`Content-Length: ${Buffer.byteLength(body)}\r\n`)
  }
  const head = Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1')
  return rawRequest(port, Buffer.concat([head, Buffer.from(body)]), options)
}

/**
 * Writes bytes on a new connection to 127.0.0.1 and yields the first response that is not an interim one.
 * Rejects when the connection or the time ends before it is complete. Text is written as latin-1.
 */
export function rawRequest(
  port: number,
  bytes: string | Buffer,
  { timeoutMs = 5_000, untilClose = false }: RawRequestOptions = {},
): Promise<RawAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<RawAnswer>()
  const sent = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes
  const isHead = sent.toString('latin1', 0, 5) === 'HEAD '
  const socket = connect(port, '127.0.0.1', () => socket.write(sent))
  const chunks: Buffer[] = []
  const timer = setTimeout(() => finish('time'), timeoutMs)

  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    if (untilClose) return
    const answer = parse(false)
    // One more turn of the loop, in which the end of the connection may follow the response.
    if (answer !== undefined && !announcesClose(answer)) setImmediate(() => finish('response'))
  })
  socket.on('end', () => finish('end'))
  // A server that refuses early resets the connection while the request is still being written.
  socket.on('error', (error) => finish('end', error))

  function finish(why: 'response' | 'end' | 'time', cause?: Error): void {
    clearTimeout(timer)
    socket.destroy()
    const answer = parse(why === 'end')
    const after = why === 'time' ? `after ${timeoutMs} ms` : 'at the end of the connection'
    if (answer === undefined) reject(new Error(`no complete response ${after}: ${excerpt()}`, { cause }))
    else resolve({ ...answer, closed: why === 'end' })
  }
  function parse(isEnded: boolean): Omit<RawAnswer, 'closed'> | undefined {
    try {
      const parsed = parseResponse(Buffer.concat(chunks), { isHead, isEnded })
      return parsed && { ...parsed.response, rest: parsed.rest }
    } catch (error) {
      socket.destroy()
      reject(error)
      return undefined
    }
  }
  function excerpt(): string {
    return JSON.stringify(Buffer.concat(chunks).toString('latin1', 0, 200))
  }
  return promise
}

function announcesClose({ header }: Pick<RawResponse, 'header'>): boolean {
  return header('connection').some((value) => /\bclose\b/i.test(value))
}
