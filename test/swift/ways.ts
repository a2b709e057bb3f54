/**
 * The ways on which a test reaches Swift: straight, or through a gateway. A table of cases is written once and
 * takes its way as a parameter.
 * @module
 */

import { type RawAnswer, request } from '../support/raw-request.ts'
import type { HeaderLine } from '../support/recording-upstream.ts'
import { type SwiftUser, swiftUsers } from '../support/swift-config.ts'

export interface Way {
  readonly name: string
  /** There is a gateway on it, which is stricter than Swift where Swift is too lenient. */
  readonly isGuarded: boolean
  /** Where requests go, on 127.0.0.1. */
  readonly port: number
  /** What a user of Swift presents on this way as `X-Auth-Token`. */
  token(user: SwiftUser): Promise<string>
}

/** Values of a repeated header stand in a list. */
export type Headers = Readonly<Record<string, string | readonly string[]>>

/** One request on a connection of its own. The target and the values are bytes as latin-1. */
export type Caller = (
  method: string,
  target: string,
  headers?: Headers,
  body?: string | Buffer,
) => Promise<RawAnswer>

/** To the Swift that the whole run shares unless another is given, with the tokens that it issues itself. */
export function directly(port = sharedSwiftPort()): Way {
  return { name: 'directly', isGuarded: false, port, token: tokensAt(port) }
}

/** To a gateway that stands before Swift, with what it gives to whoever logs in, unless told what stands for a user. */
export function through(port: number, token: Way['token'] = tokensAt(port)): Way {
  return { name: 'through the gateway', isGuarded: true, port, token }
}

/** Each user logs in once. */
function tokensAt(port: number): Way['token'] {
  const tokens = new Map<SwiftUser, Promise<string>>()
  return (user) => {
    const known = tokens.get(user) ?? logIn(port, user)
    tokens.set(user, known)
    return known
  }
}

/** Calls with the token of a user, or with none at all. */
export async function callerOf(way: Way, user?: SwiftUser): Promise<Caller> {
  const credential = user === undefined ? {} : { 'X-Auth-Token': await way.token(user) }
  return (method, target, headers = {}, body = '') => {
    const lines = [...headerLines(credential), ...headerLines(headers)]
    const needsLength = ['PUT', 'POST'].includes(method) && body.length === 0
    const hasFraming = lines.some(([name]) => /^(content-length|transfer-encoding)$/i.test(name))
    if (needsLength && !hasFraming) lines.push(['Content-Length', '0'])
    return request(way.port, { method, path: target, headers: lines, body }, { timeoutMs: 30_000 })
  }
}

function headerLines(headers: Headers): HeaderLine[] {
  return Object.entries(headers).flatMap(([name, values]) =>
    [values].flat().map((value): HeaderLine => [name, value]),
  )
}

/** A login as python-swiftclient does it; yields the token. */
export async function logIn(port: number, user: SwiftUser): Promise<string> {
  const headers: HeaderLine[] = [
    ['X-Auth-User', user],
    ['X-Auth-Key', swiftUsers[user][0]],
  ]
  const answer = await request(port, { path: '/auth/v1.0', headers })
  const [token] = answer.header('x-auth-token')
  if (token === undefined) throw new Error(`no token for ${user}: ${answer.status}`)
  return token
}

function sharedSwiftPort(): number {
  const url = process.env.SWIFT_URL
  if (url === undefined) throw new Error('SWIFT_URL is not set: run `npm run test:swift -- FILE`')
  return Number(new URL(url).port)
}
