/**
 * A stand-in for GoCD, with its own authentication: users with passwords, sessions that go before every other credential,
 * and access tokens of its own where it is a release that has them. Reads paths as its server does, without what follows `;`.
 * @module
 */

import type { Test } from 'tap'
import {
  type RecordedRequest,
  type RecordingUpstream,
  type Reply,
  recordingUpstream,
} from '../../support/recording-upstream.ts'

export interface GocdUser {
  password: string
  isAdmin?: boolean
  isDisabled?: boolean
}

export interface Gocd extends Pick<RecordingUpstream, 'url' | 'close'> {
  /** By name in lower case; to be changed as a test needs it. */
  readonly users: Map<string, GocdUser>
  /** Of a release that has tokens: each text with its user, or with the sentence that it is refused with. */
  readonly tokens: Map<string, { readonly user: string } | { readonly refused: string }>
  /** Sessions by the value of JSESSIONID. */
  readonly sessions: Map<string, string>
  /** Whether it asks anybody who they are. */
  isSecured: boolean
  /** Requests that are none of the gateway's own questions. */
  forwarded(): readonly RecordedRequest[]
  questions(): readonly RecordedRequest[]
}

/** Who asks, or the answer to whoever may not. */
type Asker = { readonly user: string | undefined; readonly byToken: boolean } | Reply

const whoAmIPath = '/go/api/current_user'
const adminPath = '/go/api/admin/security/auth_configs'
const json = 'application/vnd.go.cd.v1+json;charset=utf-8'

/** Starts it; it is closed when the test is over. `hasTokens`: 19.2 or later. */
export async function startGocd(t: Test, { hasTokens }: { readonly hasTokens: boolean }): Promise<Gocd> {
  const users = new Map<string, GocdUser>([
    ['alice', { password: 'wonder:land' }],
    ['bob', { password: 'builder' }],
    ['root', { password: 'toor', isAdmin: true }],
  ])
  const upstream = await recordingUpstream(t)
  const isQuestion = (request: RecordedRequest) =>
    request.header('x-forwarded-for').length === 0 && [whoAmIPath, adminPath].includes(request.target)
  const gocd: Gocd = {
    url: upstream.url,
    users,
    tokens: new Map(),
    sessions: new Map([['of-alice', 'alice']]),
    isSecured: true,
    forwarded: () => upstream.requests.filter((each) => !isQuestion(each)),
    questions: () => upstream.requests.filter(isQuestion),
    close: () => upstream.close(),
  }
  upstream.reply((request) => replyTo(request, gocd, hasTokens))
  return gocd
}

function replyTo(request: RecordedRequest, gocd: Gocd, hasTokens: boolean): Reply {
  const path = decodeURIComponent(request.target.replace(/\?.*$/, '')).replaceAll(/;[^/]*/g, '')
  const isMachine = /^\/go\/(?:api(?:\/|$)|files(?:\/|$)|cctray\.xml$)/.test(path)
  const asker = askerOf(
    request,
    gocd,
    hasTokens && isMachine && !/^\/go\/api\/(config-repository\.git|webhooks)(\/|$)/.test(path),
  )
  if (!('byToken' in asker)) return asker
  const { user, byToken } = asker
  if (path.startsWith('/go/api/webhooks/')) return { status: 202, body: 'a webhook' }
  if (!isMachine) return { body: `page for ${user ?? 'nobody'}` }
  if (user === undefined) return denied(request, 'You are not authenticated!')
  return ofUser(path, user, gocd) ?? ofTokens(path, user, byToken, hasTokens) ?? anything(user)
}

function ofUser(path: string, user: string, gocd: Gocd): Reply | undefined {
  if (path === whoAmIPath) return { headers: [['Content-Type', json]], body: whoIs(user) }
  if (path !== adminPath) return undefined
  const isAdmin = !gocd.isSecured || gocd.users.get(user)?.isAdmin
  return isAdmin
    ? { body: '{}' }
    : { status: 403, body: message('You are not authorized to perform this action.') }
}

function ofTokens(path: string, user: string, byToken: boolean, hasTokens: boolean): Reply | undefined {
  if (!/^\/go\/api\/(current_user|admin)\/access_tokens/.test(path)) return undefined
  if (!hasTokens)
    return { status: 404, body: message('The url you are trying to reach appears to be incorrect.') }
  return byToken
    ? {
        status: 403,
        body: message('Unsupported operation: Accessing this API using access token is forbidden.'),
      }
    : { headers: [['Content-Type', json]], body: `tokens of ${user}` }
}

function anything(user: string): Reply {
  return {
    headers: [
      ['Content-Type', json],
      ['Set-Cookie', `JSESSIONID=of-${user};Path=/go;HttpOnly`],
    ],
    body: `as ${user}`,
  }
}

/** A session before a password before a token, as in GoCD. */
function askerOf(request: RecordedRequest, gocd: Gocd, readsTokens: boolean): Asker {
  if (!gocd.isSecured) return { user: 'anonymous', byToken: false }
  const [, session = ''] = /JSESSIONID=([^;]*)/.exec(request.header('cookie')[0] ?? '') ?? []
  const known = gocd.sessions.get(session)
  if (known !== undefined) return { user: known, byToken: false }
  const [value = ''] = request.header('authorization')
  const [, login] = /^basic (.*)$/i.exec(value) ?? []
  if (login !== undefined) return byPassword(login, request, gocd)
  const [, token] = /^bearer (.*)$/i.exec(value) ?? []
  if (token === undefined || !readsTokens) return { user: undefined, byToken: false }
  const found = gocd.tokens.get(token) ?? { refused: 'Invalid Personal Access Token.' }
  return 'user' in found
    ? { user: found.user, byToken: true }
    : {
        status: 401,
        headers: [['Content-Type', 'application/json;charset=utf-8']],
        body: message(found.refused),
      }
}

function byPassword(login: string, request: RecordedRequest, gocd: Gocd): Asker {
  const [name = '', password] = Buffer.from(login, 'base64').toString().split(/:(.*)/s, 2)
  const user = gocd.users.get(name.toLowerCase())
  if (user === undefined || user.password !== password) return denied(request, badLogin)
  if (user.isDisabled) return denied(request, 'Your account has been disabled by the administrator')
  return { user: name.toLowerCase(), byToken: false }
}

export const badLogin =
  'Invalid credentials. Either your username and password are incorrect, or there is a problem with your browser cookies. Please check with your administrator.'

function denied(request: RecordedRequest, sentence: string): Reply {
  const isOfScript = request.header('x-requested-with')[0] === 'XMLHttpRequest'
  return {
    status: 401,
    headers: [
      ['Content-Type', 'application/json;charset=utf-8'],
      ...(isOfScript ? [] : [['WWW-Authenticate', 'Basic realm="GoCD"'] as const]),
    ],
    body: message(sentence),
  }
}

/** As GoCD has it of the user, who may have logged in with another case. */
function whoIs(user: string): string {
  const name = user === 'anonymous' ? user : user[0]?.toUpperCase() + user.slice(1)
  return JSON.stringify({ login_name: name, display_name: name, enabled: true, email: null })
}

function message(sentence: string): string {
  return JSON.stringify({ message: sentence }, null, 2)
}
