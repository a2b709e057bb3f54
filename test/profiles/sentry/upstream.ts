/**
 * A stand-in for Sentry that authenticates as Sentry does: its own tokens and keys, sessions, signed bodies, and the
 * system token from internal addresses, which it reads off the left-most `X-Forwarded-For`. It says who it saw.
 * @module
 */

import { createHmac, timingSafeEqual } from 'node:crypto'
import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib'
import type { Scope } from '../../support/private-server.ts'
import {
  type HeaderLine,
  type RecordedRequest,
  type RecordingUpstream,
  type Reply,
  recordingUpstream,
} from '../../support/recording-upstream.ts'
import { dsnKeys, legacyKeys, sentryTokens, signingKeys } from './credentials.ts'

export interface StandIn extends RecordingUpstream {
  /** Answers events of this project with 429 and these headers from now on. */
  limit(project: string, headers: readonly HeaderLine[]): void
  /** The last request that came. */
  last(): RecordedRequest
}

export async function startStandIn(t: Scope): Promise<StandIn> {
  const limited = new Map<string, readonly HeaderLine[]>()
  const upstream = await recordingUpstream(t, (request) => answer(request, limited))
  const last = () => {
    const request = upstream.requests.at(-1)
    if (request === undefined) throw new Error('nothing came')
    return request
  }
  // The getters of the upstream count on; a copy of it would not.
  return Object.defineProperties(Object.create(upstream) as StandIn, {
    limit: { value: (project: string, headers: readonly HeaderLine[]) => limited.set(project, headers) },
    last: { value: last },
  })
}

const challenge: HeaderLine = ['WWW-Authenticate', 'xBasic realm="api"']

function json(status: number, body: object, headers: readonly HeaderLine[] = []): Reply {
  return { status, headers: [['Content-Type', 'application/json'], ...headers], body: JSON.stringify(body) }
}

const refuse = (detail: string) => json(401, { detail }, [challenge])
const accept = (as: string) => json(200, { as })

function answer(request: RecordedRequest, limited: ReadonlyMap<string, readonly HeaderLine[]>): Reply {
  const { pathname } = new URL(request.target, 'http://sentry')
  const [, project] = /^\/api\/([1-9]\d*)\/[a-z]+\/$/.exec(pathname) ?? []
  if (project !== undefined) return ingest(request, project, limited.get(project))
  if (pathname.startsWith('/api/0/relays/')) return answerRelay(request)
  if (pathname.startsWith('/api/0/internal/rpc/')) return answerCall(request)
  if (pathname.startsWith('/api/0/')) return answerApi(request)
  return {
    status: 200,
    headers: [['Set-Cookie', 'sentrysid=fresh']],
    body: hasSession(request) ? 'page of alice' : 'login',
  }
}

function ingest(request: RecordedRequest, project: string, limits: readonly HeaderLine[] | undefined): Reply {
  if (request.method === 'OPTIONS') return { headers: [['Access-Control-Allow-Origin', '*']], body: '' }
  if (!isKeyOf(keyOfEvent(request), project)) return json(403, { detail: 'bad sentry DSN public key' })
  if (limits !== undefined) return json(429, { detail: 'Sentry dropped data due to a quota' }, limits)
  return json(200, { id: 'fc6d8c0c43fc4630ad850ee518f1b9d0' })
}

function isKeyOf(publicKey: string | undefined, project: string): boolean {
  const known = dsnKeys.find((key) => key.publicKey === publicKey)
  return known?.project === project && known.isActive
}

/** As Relay looks for it: in the head, the query, and the envelope. */
function keyOfEvent(request: RecordedRequest): string | undefined {
  const [auth = ''] = request.header('x-sentry-auth')
  const [, inHeader] = /sentry_key=(\w+)/.exec(auth) ?? []
  const inQuery = new URL(request.target, 'http://sentry').searchParams.get('sentry_key')
  const [authorization = ''] = request.header('authorization')
  return inHeader ?? inQuery ?? keyOfDsn(authorization) ?? keyOfEnvelope(request)
}

function keyOfDsn(text: string): string | undefined {
  return /:\/\/(\w+)(:\w*)?@/.exec(text)?.[1]
}

function keyOfEnvelope(request: RecordedRequest): string | undefined {
  const [coding = 'identity'] = request.header('content-encoding')
  const text = decode(coding.toLowerCase(), request.body).toString('latin1')
  return keyOfDsn(text.split('\n', 1)[0] ?? '')
}

function decode(coding: string, body: Buffer): Buffer {
  switch (coding) {
    case 'gzip':
      return gunzipSync(body)
    case 'deflate':
      return inflateSync(body)
    case 'br':
      return brotliDecompressSync(body)
    case 'zstd':
      return zstdDecompressSync(body)
    default:
      return body
  }
}

function answerRelay(request: RecordedRequest): Reply {
  const [id] = request.header('x-sentry-relay-id')
  const [signature = ''] = request.header('x-sentry-relay-signature')
  if (id === undefined) return refuse('Invalid relay ID')
  if (signature === '') return refuse('Missing relay signature')
  if (!isSigned(request.body, signature, signingKeys.relay)) return refuse('Invalid relay signature')
  return accept(isInternal(request) ? 'internal relay' : 'relay')
}

function answerCall(request: RecordedRequest): Reply {
  const [authorization = ''] = request.header('authorization')
  const [, signature] = /^rpcsignature rpc0:([0-9a-f]+)$/i.exec(authorization) ?? []
  return signature !== undefined && isSigned(request.body, signature, signingKeys.rpc)
    ? accept('rpc')
    : json(403, { detail: 'Invalid signature' })
}

export function sign(body: string | Buffer, key: string): string {
  return createHmac('sha256', key).update(body).digest('hex')
}

function isSigned(body: Buffer, signature: string, key: string): boolean {
  const expected = Buffer.from(sign(body, key))
  const given = Buffer.from(signature)
  return given.length === expected.length && timingSafeEqual(given, expected)
}

/** Sentry has no list of proxies that it trusts: whatever stands left-most is the client. */
function isInternal(request: RecordedRequest): boolean {
  const [client = '127.0.0.1'] = (request.header('x-forwarded-for')[0] ?? '').split(',')
  return client.trim().startsWith('10.')
}

function answerApi(request: RecordedRequest): Reply {
  const [authorization = ''] = request.header('authorization')
  const [scheme = '', text = ''] = authorization.split(/\s+/)
  switch (scheme.toLowerCase()) {
    case 'bearer':
      return answerToken(request, text)
    case 'basic': {
      const key = Buffer.from(text, 'base64').toString().slice(0, -1)
      const known = legacyKeys.find((each) => each.key === key)
      return known?.isActive === true ? accept('legacy key') : refuse('API key is not valid')
    }
    case 'dsn':
      return dsnKeys.some(({ publicKey, isActive }) => publicKey === keyOfDsn(text) && isActive)
        ? accept('dsn')
        : refuse('Invalid dsn')
    default:
      return hasSession(request) ? accept('session') : refuse('Authentication credentials were not provided.')
  }
}

function answerToken(request: RecordedRequest, text: string): Reply {
  if (text === sentryTokens.system && isInternal(request)) return accept('system')
  const known = Object.entries(sentryTokens).find(([name, token]) => name !== 'system' && token === text)
  return known === undefined ? refuse('Invalid token') : accept(known[0])
}

function hasSession(request: RecordedRequest): boolean {
  return request.header('cookie').some((value) => value.split('; ').includes('sentrysid=alice'))
}
