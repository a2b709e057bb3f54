/**
 * What docs/headers.md says becomes of a request and of a response, written once more: this file knows nothing of
 * the sources, and what it says is what the documentation says.
 * @module
 */

import { STATUS_CODES } from 'node:http'
import type { Content, GeneratedRequest, GeneratedResponse, Line } from './exchange.ts'
import { contentOf, isBodiless, responseFraming } from './message-bytes.ts'

/** A head as it must arrive: these lines in this order, and behind or before them these in any. */
export interface ExpectedHead {
  readonly start: string
  readonly carried: readonly string[]
  /** Patterns, each of which one line fits. */
  readonly added: readonly RegExp[]
  /** A line that may be there or not. */
  readonly optional: RegExp | undefined
}

export interface ExpectedMessage extends ExpectedHead {
  readonly content: Buffer
  /** Heads of interim answers. */
  readonly interim: readonly { readonly start: string; readonly lines: readonly string[] }[]
}

const hopByHop = new Set([
  ...['connection', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'http2-settings'],
  ...['proxy-connection', 'proxy-authenticate', 'proxy-authentication-info', 'proxy-authorization'],
])
const saidAnew = new Set(['host', 'content-length', 'expect', 'x-request-id'])
const credentials = new Set([
  'authorization',
  'x-auth-token',
  'x-storage-token',
  'x-api-key',
  'x-sentry-auth',
])
const proxyOnly =
  /^(forwarded|x-forwarded(-.*)?|x-real-ip|x-original-url|x-http-method-override|proxy|remote-user|x-sallyport-.*)$/
const ownerOnly = new Set([
  ...['x-account-access-control', 'x-account-meta-temp-url-key', 'x-account-meta-temp-url-key-2'],
  ...['x-container-meta-temp-url-key', 'x-container-meta-temp-url-key-2', 'x-container-read'],
  ...['x-container-write', 'x-container-sync-key', 'x-container-sync-to'],
])

/** The request as its upstream must get it. */
export function expectedRequest(
  request: GeneratedRequest,
  number: number,
  isOwner: boolean,
): ExpectedMessage {
  const { method, target, lines, content } = request
  const carried = [['X-Exchange', String(number)] as const, ...lines].filter(([name]) => {
    const folded = fold(name)
    if (hopByHop.has(folded) || saidAnew.has(folded) || credentials.has(folded)) return false
    return !proxyOnly.test(folded) && (isOwner || !isOwnerOnly(folded))
  })
  return {
    start: `${method} ${target.replace(/^http:\/\/gate\.example/, '')} HTTP/1.1`,
    carried: carried.map(asLine),
    added: [
      /^host: gate\.example$/,
      /^x-forwarded-for: 127\.0\.0\.1$/,
      /^x-forwarded-host: gate\.example$/,
      /^x-forwarded-proto: http$/,
      /^forwarded: for=127\.0\.0\.1;host="gate\.example";proto=http$/,
      /^x-request-id: [0-9a-z]+-[0-9a-z]+$/,
      /^x-sallyport-subject: alice$/,
      /^x-sallyport-token-id: [0-9a-f-]{36}$/,
      /^connection: (keep-alive|close)$/,
      ...requestFraming(content),
    ],
    // That there is no content may be said or left unsaid.
    optional: isEmpty(content) ? /^content-length: 0$/ : undefined,
    content: contentOf(content),
    interim: [],
  }
}

function isEmpty(content: Content): boolean {
  return content.kind !== 'chunked' && contentOf(content).length === 0
}

function requestFraming(content: Content): readonly RegExp[] {
  if (content.kind === 'chunked') return [/^transfer-encoding: chunked$/]
  if (content.kind === 'length' && !isEmpty(content))
    return [new RegExp(`^content-length: ${content.bytes.length}$`)]
  return []
}

/** The response as the client must get it. */
export function expectedResponse(
  { method, minorVersion }: GeneratedRequest,
  response: GeneratedResponse,
  context: { readonly isOwner: boolean; readonly closes: boolean },
): ExpectedMessage {
  const { status, reason, content } = response
  const carried = shown([...response.lines, ...responseFraming(response)], context.isOwner)
  const hasLength = carried.some(([name]) => fold(name) === 'content-length')
  const hasDate = carried.some(([name]) => name.toLowerCase() === 'date')
  const isBare = isBodiless(method, status)
  return {
    start: `HTTP/1.1 ${status} ${reason}`,
    carried: carried.map(asLine),
    added: [
      ...(hasDate ? [] : [/^Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/]),
      ...(context.closes
        ? [/^Connection: close$/]
        : [/^Connection: keep-alive$/, /^Keep-Alive: timeout=\d+$/]),
      ...(isBare || hasLength || minorVersion === 0 ? [] : [/^Transfer-Encoding: chunked$/]),
    ],
    optional: undefined,
    content: isBare ? Buffer.alloc(0) : contentOf(content),
    interim:
      minorVersion === 0
        ? []
        : response.interim.map((each) => ({
            start: `HTTP/1.1 ${each.status} ${STATUS_CODES[each.status] ?? 'unknown'}`,
            lines: shown(each.lines, context.isOwner).map(asLine),
          })),
  }
}

/** Of an upstream's lines, those that a client sees. */
function shown(lines: readonly Line[], isOwner: boolean): readonly Line[] {
  const named = lines
    .filter(([name]) => name.toLowerCase() === 'connection')
    .flatMap(([, value]) => value.split(',').map((option) => option.trim().toLowerCase()))
  return lines.filter(([name]) => {
    const folded = fold(name)
    if (folded === 'expect') return false
    return !hopByHop.has(folded) && !named.includes(name.toLowerCase()) && (isOwner || !isOwnerOnly(folded))
  })
}

function isOwnerOnly(folded: string): boolean {
  return ownerOnly.has(folded) || ownerOnly.has(folded.replace(/^x-remove-/, 'x-'))
}

function fold(name: string): string {
  return name.toLowerCase().replaceAll('_', '-')
}

function asLine([name, value]: Line): string {
  return `${name}: ${trim(value)}`.replace(/ $/, '')
}

function trim(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, '')
}
