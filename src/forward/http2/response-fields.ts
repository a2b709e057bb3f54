/**
 * The head of a response, as the fields of its stream. nghttp2 has refused what breaks RFC 9113 (pseudo-header fields out of
 * place, upper case, headers of a connection, a length that the body has not) and left out fields with a control character.
 * @module
 */

import { STATUS_CODES } from 'node:http'
import { lengthIn } from '../field-grammar.ts'
import type { InterimHead, UpstreamHead } from '../upstream-client.ts'
import { malformed } from './http2-error.ts'

/** Of all interim answers before a final one. */
const interimAnswersMax = 16
const interimBytesMax = 16 * 1024

/** Counts the interim answers of one request. */
export class InterimHeads {
  #answers = 0
  #bytes = 0

  /** Throws an `Http2Error` beyond the bounds, and where it is none. */
  read(raw: readonly string[]): InterimHead {
    const { status, headers } = split(raw)
    if (status < 100 || status > 199 || status === 101) throw malformed('an interim answer that is none')
    this.#answers++
    for (const text of headers) this.#bytes += text.length
    if (this.#answers > interimAnswersMax || this.#bytes > interimBytesMax) {
      throw malformed('interim answers without end')
    }
    return { status, headers }
  }
}

/** HTTP/2 has no reason phrase: it is the usual one. Throws an `Http2Error`. */
export function finalHead(raw: readonly string[]): UpstreamHead {
  const { status, headers } = split(raw)
  if (status < 200) throw malformed('an interim answer in place of a final one')
  return { status, reason: STATUS_CODES[status] ?? '', headers, bodyBytes: bodyBytesOf(headers) }
}

function split(raw: readonly string[]): InterimHead {
  const [name, text = '', ...headers] = raw
  if (name !== ':status' || !/^[1-9]\d\d$/.test(text)) throw malformed('a response without a status')
  return { status: Number(text), headers }
}

function bodyBytesOf(headers: readonly string[]): number | undefined {
  let length: number | undefined
  for (let index = 0; index < headers.length; index += 2) {
    if (headers[index] !== 'content-length') continue
    if (length !== undefined) throw malformed('Content-Length stands twice')
    length = lengthIn(headers[index + 1] ?? '')
    if (length === undefined) throw malformed('a Content-Length that is not a number')
  }
  return length
}
