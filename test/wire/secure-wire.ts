/**
 * A gateway that speaks TLS and HTTP/2, between Node's HTTP/2 client and a recording upstream.
 * @module
 */

import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2'
import { ask, connectHttp2, type Http2Answer, serviceTls } from '../support/http2-client.ts'
import type { Scope } from '../support/private-server.ts'
import { startWire, type Wire, type WireInput } from './wire.ts'

export interface SecureWire extends Wire {
  /** One connection, which requests share. */
  readonly session: ClientHttp2Session
  /** GET `/a` with the token, but for what the headers say; the body, if any, ends it. */
  ask(headers?: object, body?: string | Buffer): Promise<Http2Answer>
  /** The same, with a body that is written by hand. */
  begin(headers?: object): ClientHttp2Stream
}

export async function startSecureWire(t: Scope, { listen, ...input }: WireInput = {}): Promise<SecureWire> {
  const wire = await startWire(t, { ...input, listen: { tls: serviceTls, ...listen } })
  const session = connectHttp2(t, wire.gateway.port)
  const withToken = (headers: object) => ({
    ':path': '/a',
    authorization: `Bearer ${wire.token}`,
    ...headers,
  })
  return {
    ...wire,
    session,
    ask: (headers = {}, body) => ask(session, withToken(headers), body),
    begin: (headers = {}) => {
      const stream = session.request(
        { ':authority': 'service.test', ...withToken(headers) },
        { endStream: false },
      )
      stream.on('error', () => {})
      return stream
    },
  }
}

/** The code in the problem document of a refusal. */
export function refusalCodeOf({ headers, body, status }: Http2Answer): string {
  if (headers['content-type'] !== 'application/problem+json') throw new Error(`not a refusal: ${status}`)
  return JSON.parse(body).code
}
