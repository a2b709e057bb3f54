/**
 * A question of the gateway's own to an upstream: a request with a short body or none, and the whole of a short answer
 * within a deadline. Whatever goes wrong rejects, so that nobody takes silence for an answer.
 * @module
 */

import { Readable } from 'node:stream'
import type { UpstreamHead, UpstreamRequest } from './upstream-client.ts'
import type { Upstream } from './upstreams.ts'

export interface UpstreamAnswer extends Pick<UpstreamHead, 'status' | 'reason' | 'headers'> {
  readonly body: Buffer
}

/** Bounds of a question. */
export interface AskLimits {
  readonly deadlineMs: number
  readonly bodyBytesMax: number
}

/** The upstream was not asked, did not answer in time, or answered at too great a length. Names no address. */
class UpstreamSilent extends Error {
  override readonly name = 'UpstreamSilent'
}

const ignore = (): void => {}

/** What is asked, with the body whole. */
type Question = Pick<UpstreamRequest, 'method' | 'target' | 'headers'> & { readonly body?: Buffer }

/** Rejects with `UpstreamSilent`. Redirects are not followed. */
export function askUpstream(
  upstream: Pick<Upstream, 'client' | 'authority' | 'requests' | 'requestsMax'>,
  { method, target, headers, body }: Question,
  { deadlineMs, bodyBytesMax }: AskLimits,
): Promise<UpstreamAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<UpstreamAnswer>()
  if (upstream.requests >= upstream.requestsMax) {
    reject(new UpstreamSilent('too many requests wait for the upstream'))
    return promise
  }
  upstream.requests++
  const pieces: Buffer[] = []
  let bytes = 0
  let head: UpstreamHead | undefined
  const giveUp = (why: string) => {
    call.abort()
    fail(why)
  }
  const fail = (why: string, cause?: Error) => {
    settle()
    reject(new UpstreamSilent(why, { cause }))
  }
  const settle = () => {
    clearTimeout(timer)
    upstream.requests--
  }
  const timer = setTimeout(() => giveUp('no answer in time'), deadlineMs)
  const call = upstream.client.send(
    {
      method,
      target,
      headers: ['host', upstream.authority, ...headers, ...lengthOf(body)],
      body: body && Readable.from(body, { objectMode: false }),
      expectsContinue: false,
    },
    {
      onBodyWanted: ignore,
      onInterim: ignore,
      onHead: (received) => {
        head = received
      },
      onData: (piece) => {
        bytes += piece.length
        if (bytes > bodyBytesMax) giveUp('the answer is too long')
        else pieces.push(Buffer.from(piece))
      },
      onEnd: () => {
        if (head === undefined) return fail('an answer without a head')
        settle()
        resolve({ ...head, body: Buffer.concat(pieces) })
      },
      onFailure: (error) => fail('the upstream failed', error),
    },
  )
  return promise
}

function lengthOf(body: Buffer | undefined): readonly string[] {
  return body === undefined ? [] : ['content-length', String(body.length)]
}
