/**
 * The head of a request as it goes on the wire. It was cleaned long before; here is the last door, through
 * which nothing goes that an upstream could read as two requests.
 * @module
 */

import { controlInField, forbiddenInTarget, lengthIn, methodsWithContent, token } from '../field-grammar.ts'
import type { UpstreamRequest } from '../upstream-client.ts'
import { Http1Error } from './http1-error.ts'

/** What `requestHead` makes of a request. */
export interface RequestHead {
  /** Latin-1, up to and with the empty line. */
  readonly text: string
  /** Bytes of the body; `undefined` where it goes in chunks. */
  readonly bodyBytes: number | undefined
}

/** Write the head. Throws an `Http1Error` where it would not be read as what it is. */
export function requestHead({
  method,
  target,
  headers,
  body,
  expectsContinue,
  upgradeTo,
}: UpstreamRequest): RequestHead {
  let text = requestLine(method, target)
  let contentLength: string | undefined
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? ''
    const value = headers[index + 1] ?? ''
    if (isFraming(name)) {
      if (contentLength !== undefined || name.length !== 'content-length'.length) {
        throw unsendable('a second framing')
      }
      contentLength = value
    } else {
      text += fieldLine(name, value)
    }
  }
  const bodyBytes = lengthOf(contentLength, body !== undefined)
  // For servers of HTTP/1.0, which close without it.
  text +=
    upgradeTo === undefined
      ? 'connection: keep-alive\r\n'
      : `connection: Upgrade\r\n${fieldLine('upgrade', upgradeTo)}`
  if (expectsContinue) text += 'expect: 100-continue\r\n'
  // The length is written anew: `0005` has had its one reading.
  if (bodyBytes === undefined) text += 'transfer-encoding: chunked\r\n'
  else if (contentLength !== undefined || methodsWithContent.has(method))
    text += `content-length: ${bodyBytes}\r\n`
  return { text: `${text}\r\n`, bodyBytes }
}

function requestLine(method: string, target: string): string {
  if (!token.test(method)) throw unsendable('a method that is none')
  if (target === '' || forbiddenInTarget.test(target)) throw unsendable('a target that is none')
  return `${method} ${target} HTTP/1.1\r\n`
}

function fieldLine(name: string, value: string): string {
  if (!token.test(name)) throw unsendable('a header name that is none')
  if (controlInField.test(value)) throw unsendable('a control character in a header')
  return `${name}: ${value}\r\n`
}

/** Headers that only this file may write, and `Content-Length`. */
function isFraming(name: string): boolean {
  if (name.length !== 10 && name.length !== 14 && name.length !== 17) return false
  const lower = name.toLowerCase()
  return lower === 'connection' || lower === 'content-length' || lower === 'transfer-encoding'
}

function lengthOf(contentLength: string | undefined, hasBody: boolean): number | undefined {
  if (contentLength === undefined) return hasBody ? undefined : 0
  const length = lengthIn(contentLength)
  // A length without its bytes would make the next request the body of this one.
  if (length === undefined || (!hasBody && length > 0))
    throw unsendable('a length that is not that of the body')
  return length
}

function unsendable(what: string): Http1Error {
  return new Http1Error('HTTP1_REQUEST', what)
}
