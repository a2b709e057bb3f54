/**
 * The head of a response, read strictly: RFC 9112 without the liberties that it grants to recipients, because
 * wherever two readers may differ, an answer can be smuggled between them.
 * @module
 */

import { controlInField, token } from '../field-grammar.ts'
import { malformed } from './http1-error.ts'

/** Status line and field lines. Text is latin-1. */
export interface ResponseHead {
  readonly minorVersion: 0 | 1
  /** 100 to 999. */
  readonly status: number
  readonly reason: string
  /** Names and values in turn, in the order and the case that they came in. */
  readonly headers: readonly string[]
}

const fieldLinesMax = 256
/** The space before an empty reason is missing from many an old server; there is no second reading. */
const statusLine = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: (.*))?$/

/** Read a head without the empty line behind it. Throws an `Http1Error` where it is not one. */
export function parseResponseHead(text: string): ResponseHead {
  let end = endOfLine(text, 0)
  const line = text.slice(0, end)
  const [, minorVersion, status, reason = ''] = statusLine.exec(line) ?? []
  if (status === undefined || controlInField.test(line)) throw malformed('no status line')
  const headers: string[] = []
  while (end < text.length) {
    const start = end + 2
    end = endOfLine(text, start)
    if (headers.length === 2 * fieldLinesMax) throw malformed('more field lines than allowed')
    pushField(headers, text.slice(start, end))
  }
  return { minorVersion: minorVersion === '1' ? 1 : 0, status: Number(status), reason, headers }
}

/** Read one field line and append its name and its value. Throws an `Http1Error` where it is none. */
export function pushField(headers: string[], line: string): void {
  const colon = line.indexOf(':')
  const name = line.slice(0, Math.max(0, colon))
  // A line that begins with white space, which once continued the line before, has no name either.
  if (!token.test(name)) throw malformed('a field line without a name')
  if (controlInField.test(line)) throw malformed('a control character in a field line')
  headers.push(name, trimmed(line, colon + 1))
}

function endOfLine(text: string, start: number): number {
  const end = text.indexOf('\r\n', start)
  return end === -1 ? text.length : end
}

/** The rest of a line without the spaces and tabs around it, and without a search that could take long. */
function trimmed(line: string, from: number): string {
  let start = from
  let end = line.length
  while (start < end && isSpace(line.charCodeAt(start))) start++
  while (end > start && isSpace(line.charCodeAt(end - 1))) end--
  return line.slice(start, end)
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09
}
