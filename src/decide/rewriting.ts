/**
 * What would become of a request on its way up, told apart from what the asking proxy has: another proxy can be told to
 * change headers, but it carries the rest itself.
 * @module
 */

import type { OutgoingRequest } from '../rewrite/rewrite-request.ts'
import type { AskedRequest } from './asked-request.ts'

/** Lines of headers by their names, in lower case. */
export type HeaderLines = ReadonlyMap<string, readonly string[]>

/** Lines that are to become others. */
export interface ChangedLines {
  /** All of them, as they are to be. */
  readonly lines: HeaderLines
  /** Names whose lines are not what they were. One without lines is to be removed. */
  readonly changed: readonly string[]
}

/** The lines that the upstream is to get, without what every proxy says for itself. */
export interface Rewriting extends ChangedLines {
  /** Path and query as they are to go up. */
  readonly target: string
  readonly isTargetSame: boolean
}

/** Of the connection, the framing and the route of a message: each proxy says its own. */
const proxysOwn: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'forwarded',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-request-id',
])

export function rewritingOf(asked: AskedRequest, { target, headers }: OutgoingRequest): Rewriting {
  const changes = changedLines(linesOf(asked.rawHeaders, proxysOwn), linesOf(headers, proxysOwn))
  return { target, isTargetSame: target === asked.target, ...changes }
}

export function changedLines(before: HeaderLines, lines: HeaderLines): ChangedLines {
  const changed: string[] = []
  for (const [name, values] of lines) if (!isSame(before.get(name), values)) changed.push(name)
  for (const name of before.keys()) if (!lines.has(name)) changed.push(name)
  return { lines, changed }
}

/** Of names and values in turn, without those of the names in `omitted`. */
export function linesOf(headers: readonly string[], omitted: ReadonlySet<string>): HeaderLines {
  const lines = new Map<string, string[]>()
  for (let index = 0; index < headers.length; index += 2) {
    const name = (headers[index] ?? '').toLowerCase()
    if (omitted.has(name)) continue
    const value = headers[index + 1] ?? ''
    const before = lines.get(name)
    if (before === undefined) lines.set(name, [value])
    else before.push(value)
  }
  return lines
}

function isSame(before: readonly string[] | undefined, after: readonly string[]): boolean {
  return before?.length === after.length && before.every((value, index) => value === after[index])
}
