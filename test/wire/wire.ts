/**
 * A gateway between a raw socket and a recording upstream, with a token that may do everything on one route.
 * @module
 */

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { type GatewayInput, startTestGateway, type TestGateway } from '../support/gateway.ts'
import type { Scope } from '../support/private-server.ts'
import type { RawAnswer } from '../support/raw-request.ts'
import {
  type RecordedRequest,
  type RecordingUpstream,
  type ReplyTo,
  recordingUpstream,
  type UpstreamOptions,
} from '../support/recording-upstream.ts'

export type WireInput = Partial<GatewayInput> & {
  readonly replyTo?: ReplyTo
  readonly upstreamOptions?: UpstreamOptions
}

export interface Wire {
  readonly gateway: TestGateway
  readonly upstream: RecordingUpstream
  /** Of an owner, unless a test issues another. */
  readonly token: string
  /** `Authorization` of that token, as a line. */
  readonly credential: string
  /** Sends a head (lines without their ends) with the credential, and a body as it is. */
  send(lines: readonly string[], body?: string): Promise<RawAnswer>
  /** Sends, and yields what reached the upstream; fails when nothing or more than one request did. */
  forwarded(lines: readonly string[], body?: string): Promise<RecordedRequest>
  /** A connection to do with as one likes; destroyed when the test is over. */
  connect(): Promise<Socket>
}

export async function startWire(
  t: Scope,
  { replyTo, upstreamOptions, ...input }: WireInput = {},
): Promise<Wire> {
  const upstream = await recordingUpstream(t, replyTo, upstreamOptions)
  const gateway = await startTestGateway(t, {
    upstream: upstream.url,
    routes: [{ match: { path: '/{path*}' } }],
    ...input,
  })
  const { text: token } = await gateway.issue({ access: 'owner' })
  const credential = `Authorization: Bearer ${token}`
  const send: Wire['send'] = (lines, body = '') =>
    gateway.raw(`${[...lines, credential].join('\r\n')}\r\n\r\n${body}`)
  return {
    gateway,
    upstream,
    token,
    credential,
    send,
    async forwarded(lines, body) {
      const before = upstream.requests.length
      const answer = await send(lines, body)
      const [request, ...more] = upstream.requests.slice(before)
      if (request === undefined || more.length > 0) {
        throw new Error(`${more.length === 0 ? 'nothing' : 'several requests'} went up: ${answer.body}`)
      }
      return request
    },
    async connect() {
      const socket = connect(gateway.port, '127.0.0.1')
      t.teardown(() => socket.destroy())
      await once(socket, 'connect')
      return socket
    },
  }
}

/** The code in the problem document of a refusal. */
export function codeOf(answer: RawAnswer): string {
  const type = answer.header('content-type')[0]
  if (type !== 'application/problem+json') throw new Error(`not a refusal: ${answer.status} ${type}`)
  return JSON.parse(answer.body.toString()).code
}
