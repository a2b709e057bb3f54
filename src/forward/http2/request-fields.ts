/**
 * The head of a request as the fields of a stream. It was cleaned long before; here is the last door, through which
 * nothing goes that an upstream, or whoever it hands the request on to as HTTP/1.1, could read in two ways.
 * @module
 */

import { controlInField, forbiddenInTarget, lengthIn, methodsWithContent, token } from '../field-grammar.ts'
import type { UpstreamRequest } from '../upstream-client.ts'
import { Http2Error } from './http2-error.ts'

/** They belong to a connection, and HTTP/2 has other means (RFC 9113 section 8.2.2). */
const ofConnections: ReadonlySet<string> = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'te', 'transfer-encoding', 'upgrade', 'http2-settings'],
])

/** What `requestFields` makes of a request. */
export interface RequestFields {
  /** Names in lower case and values in turn, pseudo-header fields first. */
  readonly headers: string[]
  /** Bytes of the body; `undefined` where nobody said how many. */
  readonly bodyBytes: number | undefined
}

/** Throws an `Http2Error` where it would not be read as what it is. */
export function requestFields(
  { method, target, headers, body, expectsContinue, upgradeTo }: UpstreamRequest,
  scheme: 'http' | 'https',
): RequestFields {
  checkLine(method, target)
  if (upgradeTo !== undefined) throw unsendable('a switch of protocols')
  const fields: string[] = [':method', method, ':scheme', scheme, ':authority', '', ':path', target]
  const singles: Singles = { host: undefined, 'content-length': undefined }
  for (let index = 0; index < headers.length; index += 2) {
    const name = (headers[index] ?? '').toLowerCase()
    const value = headers[index + 1] ?? ''
    checkField(name, value)
    if (name === 'host' || name === 'content-length') take(singles, name, value)
    else fields.push(name, value)
  }
  if (!singles.host) throw unsendable('no Host')
  fields[authorityIndex] = singles.host
  const contentLength = singles['content-length']
  const bodyBytes = lengthOf(contentLength, body !== undefined)
  if (expectsContinue) fields.push('expect', '100-continue')
  // The length is written anew: `0005` has had its one reading.
  if (bodyBytes !== undefined && (contentLength !== undefined || methodsWithContent.has(method)))
    fields.push('content-length', String(bodyBytes))
  return { headers: fields, bodyBytes }
}

/** What stands once at the most, and is said by other means. */
type Singles = Record<'host' | 'content-length', string | undefined>

const authorityIndex = 5

function take(singles: Singles, name: keyof Singles, value: string): void {
  if (singles[name] !== undefined) throw unsendable('a header twice that stands once')
  singles[name] = value
}

function checkLine(method: string, target: string): void {
  if (!token.test(method) || method === 'CONNECT') throw unsendable('a method that is none')
  const isPath = target.startsWith('/') || target === '*'
  if (!isPath || forbiddenInTarget.test(target)) throw unsendable('a target that is none')
}

function checkField(name: string, value: string): void {
  if (!token.test(name)) throw unsendable('a header name that is none')
  if (ofConnections.has(name)) throw unsendable('a header of a connection')
  // White space around a value is malformed in HTTP/2 (RFC 9113 section 8.2.1).
  if (controlInField.test(value) || /^[ \t]|[ \t]$/.test(value)) throw unsendable('a value that is none')
}

function lengthOf(contentLength: string | undefined, hasBody: boolean): number | undefined {
  if (contentLength === undefined) return hasBody ? undefined : 0
  const length = lengthIn(contentLength)
  if (length === undefined || (!hasBody && length > 0))
    throw unsendable('a length that is not that of the body')
  return length
}

function unsendable(what: string): Http2Error {
  return new Http2Error('HTTP2_REQUEST', what)
}
