/**
 * `GET /auth/…`: a login that Swift checks, or one with a personal token of the gateway as its key. Whoever succeeds
 * gets a session token of the gateway's; Swift's own never leaves it.
 * @module
 */

import { present } from '../../authenticate/credential.ts'
import type { Address } from '../../client-address/address.ts'
import type { UpstreamAnswer } from '../../forward/ask-upstream.ts'
import type { Upstream } from '../../forward/upstreams.ts'
import { valuesOfHeader } from '../../request/header-name.ts'
import { isRefusal, type Refusal, refuse } from '../../request/refusal.ts'
import { deriveToken } from '../../tokens/life/derive-token.ts'
import { type Issued, issueToken } from '../../tokens/life/issue-token.ts'
import type { Token } from '../../tokens/token.ts'
import { isWellFormed } from '../../tokens/token-text.ts'
import type { UpstreamLogins } from '../../tokens/upstream-logins/upstream-logins.ts'
import { attempt, type Found } from '../attempt.ts'
import type { Visit } from '../profile.ts'
import type { FindServices } from '../services.ts'
import type { SwiftQuestions } from './ask-swift.ts'
import { type LoginRequest, readLoginRequest } from './login-request.ts'
import { refuseLogin } from './swift-denial.ts'
import { storageTarget } from './swift-request.ts'
import { sessionIn } from './swift-sessions.ts'

export interface SwiftLoginOptions {
  readonly upstream: Upstream
  readonly questions: SwiftQuestions
  readonly sessions: () => UpstreamLogins
  readonly sessionLifetimeMs: number
  /** Where clients reach the storage, `https://host`; `undefined`: as this client did. */
  readonly publicOrigin: string | undefined
  readonly findServices: FindServices
}

/** A session, and what the client is told of it. */
interface Session {
  readonly issued: Extract<Issued, { outcome: 'issued' }>
  /** `/v1/AUTH_test`. */
  readonly storagePath: string
  /** Of Swift's answer, to be passed on. */
  readonly passedOn: readonly string[]
}

/** Of the connections to Swift, for clients that nobody knows yet. */
const shareOfLogins = 1 / 4

/** A derived token lives for so long at the most. */
const derivedLifetimeMaxMs = 12 * 3_600_000

const passedOnNames = ['x-trans-id', 'x-openstack-request-id']

export class SwiftLogin {
  readonly #options: SwiftLoginOptions
  /** Logins that Swift is being asked about. */
  #underWay = 0

  constructor(options: SwiftLoginOptions) {
    this.#options = options
  }

  /** Answers the client, or yields the refusal. `path` is decoded. */
  async serve(visit: Visit, path: string): Promise<Refusal | undefined> {
    const wanted = readLoginRequest(visit.request, path)
    if ('status' in wanted) return refuseLogin(wanted)
    visit.exchange.notes.subject = wanted.name
    const session = await this.#open(wanted, visit)
    if (isRefusal(session)) return session
    visit.exchange.notes.tokenId = session.issued.token.id
    visit.exchange.notes.tokenKind = session.issued.token.kind
    this.#answer(visit, session)
    return undefined
  }

  #open(wanted: LoginRequest, visit: Visit): Promise<Session | Refusal> {
    return isWellFormed(wanted.key.reveal()) ? this.#byToken(wanted, visit) : this.#bySwift(wanted, visit)
  }

  /** A token of the gateway is nobody's key at Swift, and is not shown to it. */
  async #byToken({ name, key }: LoginRequest, { client, exchange }: Visit): Promise<Session | Refusal> {
    const { upstream, sessions, findServices, sessionLifetimeMs } = this.#options
    const services = findServices()
    const parent = await services.resolveToken(
      present('header', key.reveal()),
      client,
      exchange.incoming.socket,
    )
    if (isRefusal(parent)) return parent
    if (parent.subject.name !== name || parent.kind !== 'personal') {
      return refuseLogin({ status: 401, reason: 'the token is no personal one of this user' })
    }
    const atSwift = await attempt(() => sessions().obtain(parent.subject.id))
    if (isRefusal(atSwift)) return atSwift
    const ownPath = pathIn(atSwift.value?.storageUrl)
    if (ownPath === undefined) return refuseLogin({ status: 401, reason: `${name} has no login at Swift` })
    const storagePath = boundPath(parent) ?? ownPath
    const issued = await deriveToken({ ...services, ...services.networks }, parent, {
      kind: 'session',
      lifetimeMs: Math.min(sessionLifetimeMs, derivedLifetimeMaxMs),
      description: `login at ${upstream.name}`,
      createdBy: `login:${upstream.name}`,
      origin: originOf(client),
    })
    return sessionFrom(issued, { storagePath, passedOn: [] })
  }

  async #bySwift(wanted: LoginRequest, { client }: Visit): Promise<Session | Refusal> {
    const { upstream, sessions, findServices, sessionLifetimeMs } = this.#options
    const services = findServices()
    const throttled = services.failures.screen(client, () => false)
    if (throttled !== undefined) return throttled
    const answer = await this.#ask(wanted)
    if (isRefusal(answer)) return answer
    const session = await attempt(async () => sessionIn(answer.value, services.clock.now()))
    if (isRefusal(session)) return session
    if (session.value === 'refused') {
      services.failures.count(client)
      return refuseLogin({ status: 401, reason: 'Swift refused the login' })
    }
    const storagePath = pathIn(session.value.storageUrl)
    if (storagePath === undefined) return refuse('upstream_invalid', 'a login without X-Storage-Url')
    const issued = await issueToken(
      { ...services, ...services.networks },
      {
        kind: 'session',
        subject: wanted.name,
        access: 'owner',
        // Swift decides what the subject may do; the session is for this Swift alone.
        bindings: { account: ['*'], upstream: [upstream.name] },
        lifetimeMs: sessionLifetimeMs,
        description: `login at ${upstream.name}`,
        createdBy: `login:${upstream.name}`,
        origin: originOf(client),
      },
    )
    if (issued.outcome === 'issued') {
      const login = { user: wanted.name, key: wanted.key, session: session.value }
      const kept = await attempt(() => sessions().keep(issued.token.subject.id, login))
      if (isRefusal(kept)) return kept
    }
    return sessionFrom(issued, { storagePath, passedOn: passedOn(answer.value) })
  }

  /** Within a bound, so that a flood of logins leaves Swift to those who have a token. */
  async #ask(wanted: LoginRequest): Promise<Found<UpstreamAnswer> | Refusal> {
    const { upstream, questions } = this.#options
    if (this.#underWay >= Math.max(1, upstream.connections * shareOfLogins)) {
      return refuse('upstream_busy', 'too many logins at once', { retryAfterSeconds: 1 })
    }
    this.#underWay++
    try {
      return await attempt(() => questions.logIn(wanted))
    } finally {
      this.#underWay--
    }
  }

  #answer({ exchange, request }: Visit, { issued, storagePath, passedOn }: Session): void {
    const { publicOrigin = `${exchange.scheme}://${request.authority}`, findServices } = this.#options
    const text = issued.text.reveal()
    const { expiresAt = 0 } = issued.token
    const lifetimeMs = Math.max(0, expiresAt - findServices().clock.now())
    const { response } = exchange
    if (response.destroyed) return
    response.writeHead(200, [
      'content-type',
      'text/html; charset=UTF-8',
      'x-auth-token',
      text,
      'x-storage-token',
      text,
      'x-auth-token-expires',
      String(Math.floor(lifetimeMs / 1000)),
      'x-storage-url',
      publicOrigin + storagePath,
      'cache-control',
      'no-store',
      'content-length',
      '0',
      ...passedOn,
    ])
    response.end()
  }
}

/** For the audit record: whence somebody logged in. */
function originOf(client: Address): string {
  return `client:${client.text}`
}

function sessionFrom(issued: Issued, rest: Omit<Session, 'issued'>): Session | Refusal {
  if (issued.outcome === 'issued') return { issued, ...rest }
  return refuseLogin({ status: 401, reason: issued.problems.join('; ') })
}

/** The storage of the one account that a token is bound to, whoever its subject is. */
function boundPath({ bindings }: Token): string | undefined {
  const [account, ...more] = bindings.account ?? []
  return account === undefined || account === '*' || more.length > 0 ? undefined : storageTarget(account)
}

/** Of `http://host/v1/AUTH_test`, what comes after the host. */
function pathIn(storageUrl: string | undefined): string | undefined {
  const [, path] = /^https?:\/\/[^/?#]+(\/[^?#\s]+)$/.exec(storageUrl ?? '') ?? []
  return path
}

function passedOn({ headers }: UpstreamAnswer): readonly string[] {
  return passedOnNames.flatMap((name) => valuesOfHeader(headers, name).flatMap((value) => [name, value]))
}
