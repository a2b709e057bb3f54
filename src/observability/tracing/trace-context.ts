/**
 * `traceparent` and `tracestate` as a client sent them, by W3C Trace Context. What is malformed counts as if it were not
 * there.
 * @module
 */

import type { TraceContext } from '../../request/exchange-trace.ts'
import { valuesOfHeader } from '../../request/header-name.ts'

const form = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
const nothing = /^0+$/

const stateCharactersMax = 512
const stateMembersMax = 32
const stateMember =
  /^[a-z0-9][a-z0-9_\-*/@]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/

/** From header lines, names and values in turn. `undefined` unless there is exactly one `traceparent`, and a good one. */
export function readTraceContext(rawHeaders: readonly string[]): TraceContext | undefined {
  const [text, another] = valuesOfHeader(rawHeaders, 'traceparent')
  if (text === undefined || another !== undefined) return undefined
  const [, version, traceId = '', spanId = '', flags = '', rest] = form.exec(text) ?? []
  if (version === undefined || version === 'ff' || (version === '00' && rest !== undefined)) return undefined
  if (nothing.test(traceId) || nothing.test(spanId)) return undefined
  const isSampled = (Number.parseInt(flags, 16) & 1) === 1
  return { traceId, spanId, isSampled, state: readState(valuesOfHeader(rawHeaders, 'tracestate')) }
}

/** Several lines are one list. A list with one bad member is given up whole. */
function readState(lines: readonly string[]): string | undefined {
  const text = lines.join(',')
  if (text.length > stateCharactersMax) return undefined
  const members = text
    .split(',')
    .map((member) => member.trim())
    .filter((member) => member !== '')
  const names = new Set(members.map((member) => member.slice(0, member.indexOf('='))))
  const isGood = members.length > 0 && members.length <= stateMembersMax && names.size === members.length
  return isGood && members.every((member) => stateMember.test(member)) ? members.join(',') : undefined
}
