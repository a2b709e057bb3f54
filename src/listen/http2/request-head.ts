/**
 * The head of an HTTP/2 request as HTTP/1.1 would have said it, so that the stages have one reading of requests and not
 * two: `Host` for `:authority`, one `Cookie` line for its crumbs, and chunks for a body of unknown length. What has no
 * such reading is refused here.
 * @module
 */

import { METHODS } from 'node:http'
import { type Refusal, refuse } from '../../request/refusal.ts'

/** A head, read as far as it could be. */
export interface RequestHead {
  readonly method: string
  /** In origin form, unless the head is refused. */
  readonly target: string
  /** Names and values in turn, without pseudo-headers. */
  readonly rawHeaders: string[]
  readonly refusal: Refusal | undefined
}

/** Those that a request may have; `:protocol` (RFC 8441) is not offered. */
type Pseudo = ':method' | ':scheme' | ':authority' | ':path'

interface Reading {
  readonly pseudo: Record<Pseudo, string | undefined>
  readonly lines: string[]
  readonly crumbs: string[]
  host: string | undefined
  hasLength: boolean
  bytes: number
  refusal: Refusal | undefined
}

/** The methods that HTTP/1.1 is parsed with: an upstream never gets another one. */
const methods: ReadonlySet<string> = new Set(METHODS)

/** Have a meaning to one connection of HTTP/1.1 alone (RFC 9113 section 8.2.2). */
const connectionHeaders: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
])

/** `: ` and the line end, which a header has in HTTP/1.1. */
const lineBytes = 4

/**
 * `raw` has names and values in turn, as the frame did. `hasBody` is false when the stream ended with its head;
 * `bytesMax` bounds what the head would be in HTTP/1.1.
 */
export function readHead(raw: readonly string[], hasBody: boolean, bytesMax: number): RequestHead {
  const reading: Reading = {
    pseudo: { ':method': undefined, ':scheme': undefined, ':authority': undefined, ':path': undefined },
    lines: [],
    crumbs: [],
    host: undefined,
    hasLength: false,
    bytes: 0,
    refusal: undefined,
  }
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] ?? ''
    const value = raw[index + 1] ?? ''
    reading.bytes += name.length + value.length + lineBytes
    reading.refusal ??= name.startsWith(':')
      ? takePseudo(reading, name, value)
      : takeHeader(reading, name, value)
  }
  const { pseudo, lines, crumbs, host } = reading
  const authority = pseudo[':authority'] ?? host
  const rawHeaders = authority === undefined ? lines : ['host', authority, ...lines]
  if (crumbs.length > 0) rawHeaders.push('cookie', crumbs.join('; '))
  if (hasBody && !reading.hasLength) rawHeaders.push('transfer-encoding', 'chunked')
  const { ':method': method = '', ':path': target = '' } = pseudo
  return { method, target, rawHeaders, refusal: refusalOf(reading, bytesMax) }
}

function takePseudo({ pseudo }: Reading, name: string, value: string): Refusal | undefined {
  if (!Object.hasOwn(pseudo, name))
    return refuse('malformed_request', 'a pseudo-header that requests do not have')
  if (pseudo[name as Pseudo] !== undefined) return refuse('malformed_request', 'a pseudo-header twice')
  pseudo[name as Pseudo] = value
  return undefined
}

function takeHeader(reading: Reading, name: string, value: string): Refusal | undefined {
  switch (name) {
    case 'host':
      if (reading.host !== undefined) return refuse('malformed_host', 'Host stands twice')
      reading.host = value
      return undefined
    case 'cookie':
      reading.crumbs.push(value)
      return undefined
    case 'te':
      // It says something about this connection alone, and trailers are not carried.
      return value.toLowerCase() === 'trailers'
        ? undefined
        : refuse('malformed_header', 'a TE other than trailers')
    default:
      if (connectionHeaders.has(name)) return refuse('malformed_header', 'a header of HTTP/1.1 connections')
      if (name !== name.toLowerCase()) return refuse('malformed_header', 'a header name in upper case')
      if (name === 'content-length') reading.hasLength = true
      reading.lines.push(name, value)
      return undefined
  }
}

function refusalOf({ refusal, pseudo, host, bytes }: Reading, bytesMax: number): Refusal | undefined {
  if (refusal !== undefined) return refusal
  const { ':method': method = '', ':scheme': scheme, ':authority': authority, ':path': path = '' } = pseudo
  if (bytes > bytesMax) return refuse('too_many_headers', 'a head of more bytes than allowed')
  if (method === 'CONNECT' || !methods.has(method))
    return refuse('method_not_supported', 'not a method of requests')
  if (scheme !== 'https') return refuse('malformed_request', 'a scheme other than https')
  if (authority !== undefined && host !== undefined && authority.toLowerCase() !== host.toLowerCase()) {
    return refuse('malformed_host', ':authority and Host differ')
  }
  return path.startsWith('/') ? undefined : refuse('malformed_target', 'a :path that is not a path')
}
