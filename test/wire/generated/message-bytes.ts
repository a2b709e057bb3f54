/**
 * Generated messages as bytes, and bytes cut into writes.
 * @module
 */

import type { Writable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Content, Cutting, GeneratedRequest, GeneratedResponse, Line } from './exchange.ts'

/** The request with a number that its upstream knows it by. */
export function requestBytes(
  { method, target, minorVersion, lines, content }: GeneratedRequest,
  number: number,
  credential: string,
): Buffer {
  const start = `${method} ${target} HTTP/1.${minorVersion}`
  const all: readonly Line[] = [
    ['hOST', ' gate.example '],
    ['X-Exchange', String(number)],
    ...lines,
    ['Authorization', ` Bearer ${credential}`],
    ...framing(content),
  ]
  return Buffer.concat([head(start, all), contentBytes(content)])
}

/** Interim answers and the final one; no content where the request or the status allows none. */
export function responseBytes(response: GeneratedResponse, method: string): Buffer {
  const { minorVersion, status, reason, lines, interim } = response
  const interims = interim.map((each) => head(`HTTP/1.1 ${each.status} Whatever`, each.lines))
  const content = isBodiless(method, status) ? Buffer.alloc(0) : contentBytes(response.content)
  const start = `HTTP/1.${minorVersion} ${status} ${reason}`
  return Buffer.concat([...interims, head(start, [...lines, ...responseFraming(response)]), content])
}

/** The lines that delimit a response. A 204 has none; a 304 and the answer to HEAD have what a GET would have had. */
export function responseFraming({ status, content }: GeneratedResponse): readonly Line[] {
  return status === 204 ? [] : framing(content)
}

/** Whether a response ends with its head. */
export function isBodiless(method: string, status: number): boolean {
  return method === 'HEAD' || status === 204 || status === 304
}

/** All that a recipient gets to read of a content. */
export function contentOf(content: Content): Buffer {
  switch (content.kind) {
    case 'none':
      return Buffer.alloc(0)
    case 'chunked':
      return Buffer.concat([...content.chunks])
    case 'length':
    case 'until close':
      return content.bytes
    default:
      return content satisfies never
  }
}

/** Writes bytes in pieces, each in a turn of its own. */
export async function writeCut(to: Writable, bytes: Buffer, cutting: Cutting): Promise<void> {
  for (const [index, piece] of cut(bytes, cutting).entries()) {
    if (index > 0) await nextTurn()
    if (to.destroyed || !to.writable) return
    to.write(piece)
  }
}

/** Only what is short goes byte by byte. */
function cut(bytes: Buffer, cutting: Cutting): readonly Buffer[] {
  if (cutting === 'whole' || (cutting === 'bytes' && bytes.length > 500)) return [bytes]
  if (cutting === 'bytes') return Array.from(bytes, (_, index) => bytes.subarray(index, index + 1))
  const ends = [...cutting, bytes.length].filter((at) => at <= bytes.length).toSorted((a, b) => a - b)
  return ends
    .map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end))
    .filter(({ length }) => length > 0)
}

function head(start: string, lines: readonly Line[]): Buffer {
  const text = lines.map(([name, value]) => `${name}:${value}\r\n`).join('')
  return Buffer.from(`${start}\r\n${text}\r\n`, 'latin1')
}

function framing(content: Content): readonly Line[] {
  if (content.kind === 'length') return [['Content-Length', content.length]]
  return content.kind === 'chunked' ? [['Transfer-Encoding', 'chunked']] : []
}

function contentBytes(content: Content): Buffer {
  if (content.kind !== 'chunked') return contentOf(content)
  const { chunks, extension, trailers } = content
  const pieces = chunks.flatMap((chunk) => [
    Buffer.from(`${chunk.length.toString(16)}${extension}\r\n`),
    chunk,
    Buffer.from('\r\n'),
  ])
  const end = `0${extension}\r\n${trailers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
  return Buffer.concat([...pieces, Buffer.from(end, 'latin1')])
}
