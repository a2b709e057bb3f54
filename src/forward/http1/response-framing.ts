/**
 * Where a response ends, and whether its connection can be used again (RFC 9112 sections 6 and 9). A response
 * that answers the first question twice is refused.
 * @module
 */

import { lengthIn } from '../field-grammar.ts'
import { malformed } from './http1-error.ts'
import type { ResponseHead } from './response-head.ts'

/** The number of bytes, or what else says where a body ends. */
export type BodyLength = number | 'chunked' | 'until-close'

/** What the head of a final response says of the bytes behind it. */
export interface Framing {
  readonly bodyLength: BodyLength
  /** What `Content-Length` says, also where no body comes, as in the answer to a HEAD. */
  readonly contentLength: number | undefined
  readonly isPersistent: boolean
  /** How long the upstream keeps the connection when it is idle, if it says so. */
  readonly keepAliveMs: number | undefined
}

/** The lines that matter, in lower case where case does not count. */
interface FramingFields {
  contentLength: string | undefined
  transferEncoding: string | undefined
  /** Options of all lines. */
  connection: string | undefined
  keepAlive: string | undefined
}

/** Read the framing of a final response. Throws an `Http1Error` where it has two readings, or none. */
export function readFraming(head: ResponseHead, isAnswerToHead: boolean): Framing {
  const fields = framingFields(head.headers)
  const contentLength = fields.contentLength === undefined ? undefined : lengthOf(fields.contentLength)
  const isChunked = fields.transferEncoding !== undefined
  if (isChunked) {
    if (fields.transferEncoding !== 'chunked') throw malformed('a transfer coding other than chunked')
    if (contentLength !== undefined) throw malformed('both Content-Length and Transfer-Encoding')
    if (head.minorVersion === 0) throw malformed('a Transfer-Encoding in HTTP/1.0')
  }
  const { status } = head
  const isBodiless = isAnswerToHead || status === 204 || status === 304
  const bodyLength = isBodiless ? 0 : isChunked ? 'chunked' : (contentLength ?? 'until-close')
  return {
    bodyLength,
    contentLength,
    isPersistent: bodyLength !== 'until-close' && isPersistent(fields.connection, head.minorVersion),
    keepAliveMs: fields.keepAlive === undefined ? undefined : keepAliveMs(fields.keepAlive),
  }
}

function framingFields(headers: readonly string[]): FramingFields {
  const fields: FramingFields = {
    contentLength: undefined,
    transferEncoding: undefined,
    connection: undefined,
    keepAlive: undefined,
  }
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? ''
    // Most names are told apart by their length.
    if (name.length === 10 || name.length === 14 || name.length === 17) {
      note(fields, name.toLowerCase(), headers[index + 1] ?? '')
    }
  }
  return fields
}

function note(fields: FramingFields, name: string, value: string): void {
  switch (name) {
    case 'content-length':
      if (fields.contentLength !== undefined) throw malformed('Content-Length stands twice')
      fields.contentLength = value
      return
    case 'transfer-encoding':
      if (fields.transferEncoding !== undefined) throw malformed('Transfer-Encoding stands twice')
      fields.transferEncoding = value.toLowerCase()
      return
    case 'connection':
      fields.connection =
        fields.connection === undefined ? value.toLowerCase() : `${fields.connection},${value.toLowerCase()}`
      return
    case 'keep-alive':
      fields.keepAlive = value
  }
}

function lengthOf(text: string): number {
  const length = lengthIn(text)
  if (length === undefined) throw malformed('a Content-Length that is not a number')
  return length
}

function isPersistent(connection: string | undefined, minorVersion: 0 | 1): boolean {
  if (connection === undefined) return minorVersion === 1
  if (connection === 'keep-alive') return true
  const options = connection.split(',').map((option) => option.trim())
  if (options.includes('close')) return false
  return minorVersion === 1 || options.includes('keep-alive')
}

/** The `timeout` of a `Keep-Alive`, which is in seconds. */
function keepAliveMs(value: string): number | undefined {
  const [, seconds] = /(?:^|[,\s])timeout\s?=\s?"?(\d{1,9})/i.exec(value) ?? []
  return seconds === undefined ? undefined : Number(seconds) * 1000
}
