/**
 * Large bodies that nobody holds: made as they are sent, hashed as they come.
 * @module
 */

import { createCipheriv, createHash } from 'node:crypto'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

export interface Transfer {
  readonly url: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Bytes of a body to make and send; none unless given. */
  readonly bytes?: number
  /** Sent in chunks of unknown number, not with its length. */
  readonly isChunked?: boolean
}

export interface Transferred {
  readonly status: number
  readonly location: string | undefined
  /** Of the body that was sent. */
  readonly sentSha256: string
  /** Of the body that came. */
  readonly sha256: string
  readonly length: number
}

export const gibibyte = 2 ** 30
const chunkBytes = 256 * 1024

/** Sends a request with a body that never repeats, and reads the answer to its end; rejects when either breaks off. */
export async function transfer({
  url,
  method = 'GET',
  headers = {},
  bytes = 0,
  isChunked,
}: Transfer): Promise<Transferred> {
  const length = bytes > 0 && !isChunked ? { 'content-length': String(bytes) } : {}
  const outgoing = request(url, { method, headers: { ...length, ...headers } })
  const sent = createHash('sha256')
  const answered = once(outgoing, 'response')
  const [[incoming]] = await Promise.all([
    answered,
    pipeline(Readable.from(keystream(bytes, sent)), outgoing),
  ])
  return { ...(await received(incoming)), sentSha256: sent.digest('hex') }
}

async function received(incoming: IncomingMessage): Promise<Omit<Transferred, 'sentSha256'>> {
  const hash = createHash('sha256')
  let length = 0
  for await (const chunk of incoming) {
    hash.update(chunk)
    length += chunk.length
  }
  const { statusCode = 0, headers } = incoming
  return { status: statusCode, location: headers.location, sha256: hash.digest('hex'), length }
}

/** Bytes without a pattern, the same ones each time, at little cost. */
function* keystream(bytes: number, hash: ReturnType<typeof createHash>): Generator<Buffer> {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16))
  const zeros = Buffer.alloc(chunkBytes)
  for (let left = bytes; left > 0; left -= chunkBytes) {
    const chunk = cipher.update(left < chunkBytes ? zeros.subarray(0, left) : zeros)
    hash.update(chunk)
    yield chunk
  }
}
