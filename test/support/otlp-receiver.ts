/**
 * A collector of spans: it takes what is posted by OTLP over HTTP in JSON, keeps every byte, and answers as the test says.
 * @module
 */

import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Scope } from './private-server.ts'

export interface ReceivedSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly traceState?: string
  readonly name: string
  /** 1 internal, 2 server, 3 client. */
  readonly kind: 1 | 2 | 3
  /** Nanoseconds since the Unix epoch. */
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly status?: { readonly code: number }
  readonly attributes: Readonly<Record<string, string | number>>
}

export interface Posted {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

export interface OtlpReceiver {
  /** The endpoint to configure. */
  readonly url: string
  readonly posts: readonly Posted[]
  /** Of all posts that were answered with 200. */
  spans(): readonly ReceivedSpan[]
  /** Attributes of the resource, of the last post. */
  resource(): ReceivedSpan['attributes']
  /** Replaces the answer, which is 200 and `{}`. */
  answer(to: (response: ServerResponse) => void): void
  close(): Promise<void>
}

/** Starts it on a free port, over TLS with this certificate if one is given; it is closed when the test is over. */
export async function startOtlpReceiver(
  t: Scope,
  tls?: { readonly cert: Buffer; readonly key: Buffer },
): Promise<OtlpReceiver> {
  const posts: Posted[] = []
  const taken: Posted[] = []
  let answer = (response: ServerResponse): void =>
    void response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  const onRequest = async (request: IncomingMessage, response: ServerResponse) => {
    const pieces: Buffer[] = []
    for await (const piece of request) pieces.push(piece)
    const { method = '', url = '', headers } = request
    const post = { method, path: url, headers, body: Buffer.concat(pieces).toString() }
    posts.push(post)
    answer(response)
    if (response.statusCode === 200) taken.push(post)
  }
  const server = tls === undefined ? createServer(onRequest) : createSecureServer(tls, onRequest)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const close = async () => {
    server.closeAllConnections()
    if (server.listening) await once(server.close(), 'close')
  }
  t.teardown(close)
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`,
    posts,
    spans: () => taken.flatMap(spansOf),
    resource: () => attributesOf(resourceSpans(posts.at(-1))[0]?.resource.attributes ?? []),
    answer: (to) => {
      answer = to
    },
    close,
  }
}

type Attribute = {
  readonly key: string
  readonly value: { readonly stringValue?: string; readonly intValue?: string }
}
type RawSpan = Omit<ReceivedSpan, 'attributes'> & { readonly attributes: readonly Attribute[] }
interface ResourceSpans {
  readonly resource: { readonly attributes: readonly Attribute[] }
  readonly scopeSpans: readonly { readonly spans: readonly RawSpan[] }[]
}

function resourceSpans(post: Posted | undefined): readonly ResourceSpans[] {
  return post === undefined ? [] : JSON.parse(post.body).resourceSpans
}

function spansOf(post: Posted): readonly ReceivedSpan[] {
  return resourceSpans(post)
    .flatMap(({ scopeSpans }) => scopeSpans)
    .flatMap(({ spans }) => spans)
    .map((span) => ({ ...span, attributes: attributesOf(span.attributes) }))
}

function attributesOf(attributes: readonly Attribute[]): ReceivedSpan['attributes'] {
  return Object.fromEntries(
    attributes.map(({ key, value: { stringValue, intValue } }) => [key, stringValue ?? Number(intValue)]),
  )
}
