/**
 * Exchanges that somebody might have, down to the byte: everything that HTTP/1.1 allows and no gateway has a reason
 * to refuse, the seldom seen more often than in life.
 * @module
 */

import { METHODS } from 'node:http'
import fc from 'fast-check'
import {
  type Content,
  type Cutting,
  closesConnection,
  type GeneratedConnection,
  type GeneratedExchange,
  type GeneratedRequest,
  type GeneratedResponse,
  type Line,
} from './exchange.ts'

const visible = Array.from({ length: 0x5e }, (_, index) => String.fromCharCode(0x21 + index))
const latin1 = Array.from({ length: 0x80 }, (_, index) => String.fromCharCode(0x80 + index))
const oneOf = (units: readonly string[]) => fc.constantFrom(...units)

const shortValue = fc.string({ unit: oneOf(visible), maxLength: 12 })
/** A value without white space around it. */
const value = fc.oneof(
  { weight: 6, arbitrary: shortValue },
  { weight: 1, arbitrary: fc.constant('') },
  {
    weight: 3,
    arbitrary: fc
      .string({ unit: oneOf([...visible, ...latin1, ' ', ' ', '\t', ',', '"']), maxLength: 30 })
      .map((text) => text.replace(/^[ \t]+|[ \t]+$/g, '')),
  },
  { weight: 1, arbitrary: fc.integer({ min: 100, max: 5_000 }).map((length) => '/long'.repeat(length / 5)) },
)
const space = fc.constantFrom('', ' ', '', ' ', '\t', ' \t  ')
const spacedValue = fc.tuple(space, value, space).map((parts) => parts.join(''))

const tokenCharacters = [..."!#$%&'*+-.^`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"]
const anyName = fc
  .string({ unit: oneOf(tokenCharacters), minLength: 1, maxLength: 20 })
  .map((text) => `Q${text}`)
const inSomeCase = (name: string) =>
  fc.constantFrom(name, name.toLowerCase(), name.toUpperCase(), name.replaceAll('-', '_'))

const usualNames = [
  'Accept',
  'Cookie',
  'Range',
  'If-None-Match',
  'User-Agent',
  'Via',
  'Cache-Control',
  'X-A',
  'Date',
]
/** Guarded names, and names that begin or end like one. */
const guardedNames = [
  ...['Keep-Alive', 'TE', 'Trailer', 'Upgrade', 'Proxy-Connection', 'Proxy-Authorization', 'HTTP2-Settings'],
  ...['X-Forwarded-For', 'X-Forwarded-Any', 'X-Real-IP', 'X-Original-URL', 'X-HTTP-Method-Override', 'Proxy'],
  ...['X-Request-Id', 'X-Sallyport-Any', 'X-Auth-Token', 'X-Api-Key', 'X-Sentry-Auth', 'Remote-User'],
  ...['X-Container-Read', 'X-Account-Meta-Temp-URL-Key', 'X-Remove-Container-Read', 'X-Container-Write'],
  ...['X-Realm', 'Proxy-Status', 'Keep-Aliv', 'X-Request-Ids', 'X-Container-Reads', 'XX-Forwarded-For'],
]
const requestName = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...usualNames).chain(inSomeCase) },
  { weight: 2, arbitrary: fc.constantFrom(...guardedNames).chain(inSomeCase) },
  { weight: 3, arbitrary: anyName },
)
const forwardedName = /^x[-_]forwarded[-_]for$/i
const requestLine = fc
  .tuple(requestName, spacedValue)
  // Whoever gives an address gives one.
  .map(([name, text]): Line => [name, forwardedName.test(name) ? '203.0.113.9' : text])

const responseNames = [
  ...['Content-Type', 'ETag', 'Location', 'Server', 'Vary', 'Accept-Ranges', 'Content-Range', 'X-A', 'Date'],
  ...['Set-Cookie', 'Set-Cookie', 'Set-Cookie', 'WWW-Authenticate', 'Content-Disposition', 'Expect', 'X_Y'],
]
const hiddenNames = [
  'Keep-Alive',
  'Trailer',
  'Proxy-Authenticate',
  'Upgrade',
  'X-Container-Read',
  'X-Container-Sync-Key',
]
const responseLine = fc.tuple(
  fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(...responseNames).chain(inSomeCase) },
    { weight: 2, arbitrary: fc.constantFrom(...hiddenNames).chain(inSomeCase) },
    { weight: 2, arbitrary: anyName },
  ),
  spacedValue,
)

const bytes = fc.oneof(
  { weight: 6, arbitrary: fc.uint8Array({ maxLength: 60 }).map((array) => Buffer.from(array)) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.integer({ min: 1000, max: 100_000 }), fc.nat(255))
      .map(([length, seed]) => Buffer.alloc(length, Buffer.from([seed, seed + 1, 13, 10, seed + 7, 0]))),
  },
)
const withLength = fc.tuple(bytes, fc.constantFrom('', '', '', '00')).map(
  ([content, zeros]): Content => ({
    kind: 'length',
    bytes: content,
    length: `${zeros}${content.length}`,
  }),
)
const chunked = fc.record({
  kind: fc.constant('chunked' as const),
  chunks: fc.array(
    bytes.filter(({ length }) => length > 0),
    { maxLength: 6 },
  ),
  extension: fc.constantFrom('', '', ';a', ';name=value', ';a="b c"'),
  trailers: fc.array(
    fc.tuple(fc.constantFrom('X-End', 'Content-MD5', 'X-Container-Read', 'Host'), shortValue),
    {
      maxLength: 2,
    },
  ),
})
const none = fc.constant<Content>({ kind: 'none' })

const segment = fc.oneof(
  fc
    .string({ unit: oneOf([..."abcXYZ019-._~!$&'()*+,=:@"]), minLength: 1, maxLength: 8 })
    .filter((text) => !/^\.+$/.test(text)),
  fc.constantFrom('%20', 'caf%C3%A9', 'a%3Fb', '%5Bx%5D', '%E2%82%AC', 'a%23'),
)
const target = fc
  .tuple(
    fc.array(segment, { minLength: 1, maxLength: 4 }),
    fc.constantFrom('', '/'),
    fc.option(fc.string({ unit: oneOf(visible.filter((unit) => unit !== '#')), maxLength: 20 }), {
      nil: undefined,
    }),
  )
  .map(([segments, end, query]) => `/${segments.join('/')}${end}${query === undefined ? '' : `?${query}`}`)

const absolute = fc.boolean().chain((isAbsolute) => (isAbsolute ? fc.nat(9) : fc.constant(1)))
const connectionOption = fc.constantFrom(
  undefined,
  undefined,
  undefined,
  'keep-alive',
  'Keep-Alive, TE',
  'close',
)
const methods = METHODS.filter((method) => method !== 'CONNECT' && method !== 'TRACE')
const usualMethods = ['GET', 'GET', 'HEAD', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'COPY']

const request = fc
  .record({
    method: fc.oneof(fc.constantFrom(...usualMethods), fc.constantFrom(...methods)),
    target: fc
      .tuple(target, absolute)
      .map(([text, form]) => (form === 0 ? `http://gate.example${text}` : text)),
    minorVersion: fc.integer({ min: 0, max: 30 }).map((number): 0 | 1 => (number === 0 ? 0 : 1)),
    lines: fc.array(requestLine, { maxLength: 10 }),
    content: fc.oneof(
      { weight: 3, arbitrary: none },
      { weight: 2, arbitrary: withLength },
      { weight: 2, arbitrary: chunked },
    ),
    connection: connectionOption,
  })
  .map(
    ({ connection, content, lines, ...rest }): GeneratedRequest => ({
      ...rest,
      lines:
        connection === undefined || rest.minorVersion === 0 ? lines : [...lines, ['Connection', connection]],
      // A Transfer-Encoding in HTTP/1.0 has no one reading.
      content: content.kind === 'chunked' && rest.minorVersion === 0 ? { kind: 'none' } : content,
    }),
  )

const statuses = [
  200, 200, 200, 201, 206, 207, 299, 301, 302, 400, 401, 403, 404, 409, 416, 418, 500, 502, 503, 599,
]
const upstreamConnection = fc.constantFrom(
  undefined,
  undefined,
  'keep-alive',
  'close',
  'X-A, keep-alive',
  'x-a',
  'close, ETag',
)
const response = fc
  .record({
    minorVersion: fc.integer({ min: 0, max: 9 }).map((number): 0 | 1 => (number === 0 ? 0 : 1)),
    status: fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...statuses) },
      { weight: 1, arbitrary: fc.constantFrom(204, 304) },
    ),
    reason: fc.oneof(fc.constantFrom('OK', '', 'Quite  OK\t!', 'd\u00e9j\u00e0 vu', ' '), value),
    lines: fc.array(responseLine, { maxLength: 10 }),
    content: fc.oneof(
      { weight: 4, arbitrary: withLength },
      { weight: 3, arbitrary: chunked },
      { weight: 1, arbitrary: bytes.map((all): Content => ({ kind: 'until close', bytes: all })) },
    ),
    connection: upstreamConnection,
    interim: fc.oneof(
      { weight: 5, arbitrary: fc.constant([]) },
      {
        weight: 1,
        arbitrary: fc.array(
          fc.record({
            status: fc.constantFrom(102, 103, 103, 110),
            lines: fc.array(
              fc.tuple(
                fc.constantFrom('Link', 'link', 'X-Container-Read', 'Keep-Alive'),
                fc.string({ unit: oneOf([...visible, ...latin1]), maxLength: 20 }),
              ),
              { maxLength: 3 },
            ),
          }),
          { maxLength: 3 },
        ),
      },
    ),
    isEarly: fc.boolean(),
  })
  .map(
    ({ connection, lines, content, ...rest }): GeneratedResponse => ({
      ...rest,
      lines: connection === undefined ? lines : [...lines, ['Connection', connection]],
      content:
        rest.minorVersion === 0 && content.kind === 'chunked'
          ? { kind: 'until close', bytes: Buffer.concat([...content.chunks]) }
          : content,
    }),
  )

const cutting: fc.Arbitrary<Cutting> = fc.oneof(
  { weight: 5, arbitrary: fc.constant('whole' as const) },
  { weight: 3, arbitrary: fc.array(fc.nat(400), { minLength: 1, maxLength: 5 }) },
  { weight: 1, arbitrary: fc.constant('bytes' as const) },
)

/** One connection with its exchanges; the last one that may be on it ends it. */
export const connections: fc.Arbitrary<GeneratedConnection> = fc
  .record({
    exchanges: fc.array(fc.record({ request, response, cutting }), {
      minLength: 1,
      maxLength: 10,
      size: 'max',
    }),
    isPipelined: fc.boolean(),
    isOwner: fc.boolean(),
    cutting,
  })
  .map(({ exchanges, ...rest }) => {
    const last = exchanges.findIndex(({ request }) => closesConnection(request))
    const kept = last === -1 ? exchanges : exchanges.slice(0, last + 1)
    // Bytes that still come when a connection is closed may cost the client the end of its answer.
    return {
      ...rest,
      exchanges: kept.map((each) => (closesConnection(each.request) ? answeredLate(each) : each)),
    }
  })

function answeredLate({ response, ...rest }: GeneratedExchange): GeneratedExchange {
  return { ...rest, response: { ...response, isEarly: false } }
}
