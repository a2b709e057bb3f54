/**
 * HTTP/2 requests of Node's own client: header lines as the test says them, and what became of each stream.
 * @module
 */

import { readFileSync } from 'node:fs'
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
} from 'node:http2'
import { join } from 'node:path'
import type { Scope } from './private-server.ts'

const certificates = join(import.meta.dirname, 'certificates')

/** Path of a file among the certificates for tests. */
export function certificateFile(name: string): string {
  return join(certificates, name)
}

/** The authority that signed the certificate of `service.test`. */
export const authority = readFileSync(certificateFile('ca.pem'), 'utf8')

/** Settings of a listener with the certificate of `service.test`. */
export const serviceTls = {
  certificates: [{ certificate: certificateFile('service.pem'), key: certificateFile('service.key') }],
}

export interface Http2Answer {
  readonly status: number | undefined
  readonly headers: IncomingHttpHeaders
  /** Statuses of interim answers. */
  readonly interim: readonly number[]
  readonly body: string
  /** What the stream was closed with; 0 when it ended in good order. */
  readonly code: number
}

/** A connection to 127.0.0.1 that is closed when the test is over. */
export function connectHttp2(t: Scope, port: number, options: object = {}): ClientHttp2Session {
  const session = connect(`https://127.0.0.1:${port}`, {
    ca: authority,
    servername: 'service.test',
    ...options,
  })
  session.on('error', () => {})
  t.teardown(() => session.destroy())
  return session
}

/** Sends a request; the body, if any, ends it. Never rejects: `code` says what became of the stream. */
export function ask(
  session: ClientHttp2Session,
  headers: object,
  body?: string | Buffer,
): Promise<Http2Answer> {
  const stream = session.request(
    { ':authority': 'service.test', ...headers },
    { endStream: body === undefined },
  )
  if (body !== undefined) stream.end(body)
  return answerOf(stream)
}

/** What comes back on a stream until it is closed. */
export function answerOf(stream: ClientHttp2Stream): Promise<Http2Answer> {
  const { promise, resolve } = Promise.withResolvers<Http2Answer>()
  const pieces: Buffer[] = []
  const interim: number[] = []
  let headers: IncomingHttpHeaders = {}
  stream.on('headers', ({ ':status': status }) => interim.push(Number(status)))
  stream.on('response', (received) => {
    headers = received
  })
  stream.on('data', (bytes: Buffer) => pieces.push(bytes))
  stream.on('error', () => {})
  stream.on('close', () =>
    resolve({
      status: (headers as { ':status'?: number })[':status'],
      headers,
      interim,
      body: Buffer.concat(pieces).toString('latin1'),
      code: stream.rstCode ?? 0,
    }),
  )
  return promise
}
