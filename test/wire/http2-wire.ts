/**
 * A gateway that speaks HTTP/2 over TLS, between a client that sends any frame and a recording upstream.
 * @module
 */

import type { Test } from 'tap'
import { headersFrame } from '../support/http2/frames.ts'
import { headerBlock } from '../support/http2/hpack.ts'
import {
  type ConnectOptions,
  connectHttp2,
  type Http2Answer,
  type RawConnection,
} from '../support/http2/raw-connection.ts'
import { serviceTls } from '../support/http2-client.ts'
import type { Scope } from '../support/private-server.ts'
import type { HeaderLine } from '../support/recording-upstream.ts'
import type { Wire, WireInput } from './wire.ts'
import { startWatchedWire, workOf } from './witness.ts'

/** What stands in the pseudo-headers of a request; `null` leaves one out. */
export interface Pseudo {
  readonly method?: string | null
  readonly scheme?: string | null
  readonly authority?: string | null
  readonly path?: string | null
}

export interface Http2Wire extends Pick<Wire, 'gateway' | 'upstream' | 'token'> {
  /** A connection, destroyed when the test is over. */
  open(options?: ConnectOptions): Promise<RawConnection>
  /** The header block of an owner's GET of a path, and more lines. */
  get(path: string, ...more: readonly HeaderLine[]): Buffer
  /** The header block of an owner's POST of `/a`, and more lines. */
  post(...more: readonly HeaderLine[]): Buffer
  /** Frames for stream 1 of a connection of its own, and what comes on it. */
  ask(...frames: readonly Buffer[]): Promise<Http2Answer>
  /** Fails unless a request of somebody else is answered, on a connection of its own. */
  serves(t: Test): Promise<void>
  /** How often anything was looked up, or asked of the store, for the sake of a client. */
  work(): Promise<number>
}

export async function startHttp2Wire(t: Test, input: WireInput = {}): Promise<Http2Wire> {
  const wire = await startWatchedWire(t, { ...input, listen: { tls: serviceTls, ...input.listen } })
  const { gateway, upstream, token } = wire
  const credential: HeaderLine = ['authorization', `Bearer ${token}`]
  const get: Http2Wire['get'] = (path, ...more) => headerBlock([...pseudo({ path }), credential, ...more])
  const open = (options?: ConnectOptions, scope: Scope = t) => connectHttp2(scope, gateway.port, options)
  const ask: Http2Wire['ask'] = async (...frames) => {
    const connection = await open()
    connection.send(...frames)
    const answer = await connection.answer(1)
    connection.end()
    return answer
  }
  return {
    gateway,
    upstream,
    token,
    open: (options) => open(options),
    get,
    post: (...more) => headerBlock([...pseudo({ method: 'POST' }), credential, ...more]),
    ask,
    async serves(t) {
      const { status } = await ask(headersFrame(1, get('/somebody-else')))
      t.equal(status, 200, 'others are served')
      t.equal(upstream.requests.at(-1)?.target, '/somebody-else')
    },
    work: () => workOf(gateway),
  }
}

/** In the order in which clients write them. */
export function pseudo({
  method = 'GET',
  scheme = 'https',
  authority = 'gate.example',
  path = '/a',
}: Pseudo = {}): readonly HeaderLine[] {
  const written = { ':method': method, ':scheme': scheme, ':authority': authority, ':path': path }
  return Object.entries(written).flatMap(([name, value]) => (value === null ? [] : [[name, value] as const]))
}

/** The code in the problem document of a refusal. */
export function codeOfHttp2({ status, header, body }: Http2Answer): string {
  const [type] = header('content-type')
  if (type !== 'application/problem+json') throw new Error(`not a refusal: ${status} ${type}`)
  return JSON.parse(body.toString()).code
}
