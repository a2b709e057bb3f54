/**
 * The one representation of a request that is matched, decided on, logged and forwarded. What has two readings
 * (two hosts, two lengths, a target with `#`) is refused here, before any look-up.
 * @module
 */

import { canonicalHost } from '../route/canonical-host.ts'
import type { Exchange } from './exchange.ts'
import { type HeaderName, HeaderNameMemo } from './header-name.ts'
import { isRefusal, type Refusal, refuse } from './refusal.ts'

/** A request whose host and framing have one reading. The path gets its canonical form when a route takes it. */
export interface CanonicalRequest {
  readonly method: string
  /** Lower case, without port. */
  readonly host: string
  /** Host with port, as it is forwarded. */
  readonly authority: string
  readonly rawPath: string
  /** Empty, or `?` and the query as it came. */
  readonly query: string
  readonly rawHeaders: readonly string[]
  /** A name with `_` or another mark came along; routes refuse it unless they allow it. */
  readonly hasUnderscoreName: boolean
  readonly hasBody: boolean
  /** Decimal text, where the client said how long the body is. */
  readonly contentLength: string | undefined
}

/** Bounds of a request head; see `listen.limits`. */
export interface HeadLimits {
  readonly headerCount: number
  readonly targetBytes: number
}

type Role =
  | 'host'
  | 'content-length'
  | 'transfer-encoding'
  | 'connection'
  | 'disguised'
  | 'other'
  | 'underscore'
const roles = new HeaderNameMemo<Role>(roleOf)

/** Only these have a meaning to a proxy; a client that names others wants them removed on the way (RFC 9110 section 7.6.1). */
const connectionOptions = new Set(['close', 'keep-alive', 'upgrade', 'te', 'trailer', 'http2-settings', ''])
// biome-ignore lint/suspicious/noControlCharactersInRegex: refusing control characters is this expression's purpose
const forbiddenInTarget = /[\u0000-\u0020\u007f#]/

/** Read the head of a request, or refuse it with 400 or 431. */
export function canonicalRequest(
  exchange: Pick<Exchange, 'method' | 'target' | 'rawHeaders'>,
  limits: HeadLimits,
): CanonicalRequest | Refusal {
  const { rawHeaders, target } = exchange
  if (rawHeaders.length > limits.headerCount * 2)
    return refuse('too_many_headers', 'more header lines than allowed')
  if (target.length > limits.targetBytes)
    return refuse('malformed_target', 'the target is longer than allowed')
  if (forbiddenInTarget.test(target))
    return refuse('malformed_target', 'a character that a target may not hold')
  const framing = readFraming(rawHeaders)
  if (isRefusal(framing)) return framing
  const host = framing.host === undefined ? undefined : canonicalHost(framing.host)
  if (host === undefined) return refuse('malformed_host', 'no Host, or one that is not a host')
  const path = pathAndQuery(target, host.authority)
  if (path === undefined) return refuse('malformed_target', 'neither a path nor a URL of this host')
  const mark = path.indexOf('?')
  return {
    method: exchange.method,
    host: host.host,
    authority: host.authority,
    rawPath: mark === -1 ? path : path.slice(0, mark),
    query: mark === -1 ? '' : path.slice(mark),
    rawHeaders,
    hasUnderscoreName: framing.hasUnderscoreName,
    hasBody: framing.isChunked || (framing.contentLength !== undefined && framing.contentLength !== '0'),
    contentLength: framing.contentLength,
  }
}

interface Framing {
  host: string | undefined
  contentLength: string | undefined
  isChunked: boolean
  hasUnderscoreName: boolean
}

function readFraming(rawHeaders: readonly string[]): Framing | Refusal {
  const framing: Framing = {
    host: undefined,
    contentLength: undefined,
    isChunked: false,
    hasUnderscoreName: false,
  }
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const role = roles.get(rawHeaders[index] ?? '')
    if (role === 'other') continue
    const refusal = note(framing, role, rawHeaders[index + 1] ?? '')
    if (refusal !== undefined) return refusal
  }
  if (framing.isChunked && framing.contentLength !== undefined) {
    return refuse('malformed_request', 'both Content-Length and Transfer-Encoding')
  }
  return framing
}

/** Take one header that says where the request goes or where it ends. */
function note(framing: Framing, role: Exclude<Role, 'other'>, value: string): Refusal | undefined {
  switch (role) {
    case 'host':
      if (framing.host !== undefined) return refuse('malformed_host', 'Host stands twice')
      framing.host = value
      return undefined
    case 'content-length':
      if (framing.contentLength !== undefined || !/^\d{1,15}$/.test(value)) {
        return refuse('malformed_request', 'Content-Length stands twice or is not a number')
      }
      // `0005` is one number, and so it has one spelling; `00` is no body.
      framing.contentLength = value.length > 1 && value.startsWith('0') ? String(Number(value)) : value
      return undefined
    case 'transfer-encoding':
      if (framing.isChunked || value.toLowerCase() !== 'chunked') {
        return refuse('malformed_request', 'a Transfer-Encoding other than chunked')
      }
      framing.isChunked = true
      return undefined
    case 'connection':
      return isPlainConnection(value)
        ? undefined
        : refuse('malformed_header', 'Connection names a header; only its standard options are taken')
    case 'disguised':
      return refuse('malformed_header', 'framing that some servers read and others do not')
    case 'underscore':
      framing.hasUnderscoreName = true
      return undefined
    default:
      return role satisfies never
  }
}

/** A client that could have any header removed could remove the ones that a trusted proxy in front of us set. */
function isPlainConnection(value: string): boolean {
  if (value === 'keep-alive' || value === 'close') return true
  return value.split(',').every((option) => connectionOptions.has(option.trim().toLowerCase()))
}

function roleOf(name: HeaderName): Role {
  switch (name.folded) {
    case 'host':
    case 'content-length':
    case 'transfer-encoding':
    case 'connection':
      return name.isDisguised ? 'disguised' : name.folded
    default:
      return name.isDisguised ? 'underscore' : 'other'
  }
}

/** Origin form as it is; absolute form (RFC 9112 section 3.2.2) only for the very host that `Host` names. */
function pathAndQuery(target: string, authority: string): string | undefined {
  if (target.charCodeAt(0) === 0x2f) return target
  const [, written, path] = /^https?:\/\/([^/?]*)(\/.*)?$/i.exec(target) ?? []
  if (written === undefined || canonicalHost(written)?.authority !== authority) return undefined
  return path ?? '/'
}
