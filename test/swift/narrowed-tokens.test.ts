/**
 * A token that may do less than its subject gets no more from a real Swift, though Swift would give the subject
 * everything: tables of attempts, by every kind of narrowing and by the sessions that a login with such a token yields.
 * @module
 */

import t, { type Test } from 'tap'
import type { IssueRequest } from '../../src/tokens/life/issue-token.ts'
import { type RawAnswer, request } from '../support/raw-request.ts'
import { type SwiftGateway, startSwiftGateway } from './gateway.ts'
import {
  type Attempt,
  beyondReading,
  beyondWriting,
  outOfAccount,
  outOfContainer,
} from './narrow-attempts.ts'
import { type Place, planted, preparePlace, snapshot } from './narrow-place.ts'
import { callerOf, type Headers, through } from './ways.ts'

const subject = 'narrow:owner'
const inAccount = { account: ['AUTH_narrow'] }
const inContainer = { ...inAccount, container: ['photos'] }
const a = '/v1/AUTH_narrow'

interface Narrowing {
  readonly says: string
  readonly asked: Partial<IssueRequest>
  readonly attempts: readonly Attempt[]
  /** What the token is for. */
  readonly may: readonly (readonly [method: string, target: string, headers?: Headers])[]
}

const narrowings: readonly Narrowing[] = [
  {
    says: 'read-only in a container',
    asked: { bindings: inContainer, access: 'read-only' },
    attempts: outOfContainer,
    may: [
      ['GET', `${a}/photos/2026/a`],
      ['GET', `${a}/photos?prefix=2026/`],
    ],
  },
  {
    says: 'read-write in a container',
    asked: { bindings: inContainer, access: 'read-write' },
    attempts: outOfContainer,
    may: [
      ['PUT', `${a}/photos/2026/b`],
      ['COPY', `${a}/photos/2026/a`, { Destination: 'photos/2026/b' }],
      ['PUT', `${a}/photos/2026/b`, { 'X-Copy-From': '/photos/2026/a' }],
      ['GET', `${a}/photos/2026/slo?multipart-manifest=get`],
      ['DELETE', `${a}/photos/2026/b`],
    ],
  },
  {
    says: 'an owner in a container',
    asked: { bindings: inContainer, access: 'owner' },
    attempts: outOfContainer,
    may: [['GET', `${a}/photos/2026/a`]],
  },
  {
    says: 'read-write in two containers',
    asked: { bindings: { ...inAccount, container: ['photos', 'photos2'] }, access: 'read-write' },
    attempts: outOfContainer,
    may: [
      ['COPY', `${a}/photos/2026/a`, { Destination: 'photos2/b' }],
      ['DELETE', `${a}/photos2/b`],
    ],
  },
  {
    says: 'read-write below a path',
    asked: { bindings: inAccount, paths: [`${a}/photos/2026`], access: 'read-write' },
    attempts: [
      ...outOfContainer,
      { method: 'GET', target: `${a}/photos/plain` },
      { method: 'GET', target: `${a}/photos` },
      { method: 'GET', target: `${a}/photos?prefix=2026/` },
      { method: 'GET', target: `${a}/photos/2025` },
      { method: 'GET', target: `${a}/photos/2026x` },
      { method: 'PUT', target: `${a}/photos/2026/x`, headers: { 'X-Copy-From': 'photos/plain' } },
    ],
    may: [
      ['GET', `${a}/photos/2026/a`],
      ['COPY', `${a}/photos/2026/a`, { Destination: 'photos/2026/b' }],
      ['DELETE', `${a}/photos/2026/b`],
    ],
  },
  {
    says: 'an owner in one account, who is an admin of another by its ACL',
    asked: { bindings: inAccount, access: 'owner' },
    attempts: outOfAccount,
    may: [
      ['HEAD', a],
      ['COPY', `${a}/photos/2026/a`, { Destination: 'photos2/b' }],
      ['DELETE', `${a}/photos2/b`],
    ],
  },
  {
    says: 'read-only in one account',
    asked: { bindings: inAccount, access: 'read-only' },
    attempts: [...outOfAccount, ...beyondReading, ...beyondWriting],
    may: [['GET', `${a}/photos/2026/slo`]],
  },
  {
    says: 'read-write in one account',
    asked: { bindings: inAccount, access: 'read-write' },
    attempts: [...outOfAccount, ...beyondWriting],
    may: [
      ['PUT', `${a}/photos2/b`],
      ['DELETE', `${a}/photos2/b`],
    ],
  },
  {
    says: 'bound to no account',
    asked: { bindings: {}, access: 'owner' },
    attempts: [...outOfContainer, { method: 'GET', target: `${a}/photos/2026/a` }],
    may: [['GET', '/info']],
  },
  {
    says: 'of another upstream',
    asked: { bindings: { account: ['*'], upstream: ['another'] }, access: 'owner' },
    attempts: [...outOfContainer, { method: 'GET', target: `${a}/photos/2026/a` }],
    may: [['GET', '/info']],
  },
  {
    says: 'bound to what Swift has not',
    asked: { bindings: { account: ['*'], project: ['*'] }, access: 'owner' },
    attempts: [...outOfContainer, { method: 'GET', target: `${a}/photos/2026/a` }],
    may: [['GET', '/info']],
  },
]

t.test('nobody gets more than the token has, and nothing is written outside', async (t) => {
  const place = await preparePlace()
  const gateway = await startSwiftGateway(t)
  // The gateway knows the login of the subject from here on.
  const session = await gateway.logIn(subject)
  for (const narrowing of narrowings) await attack(t, { gateway, place, narrowing, session })
})

interface Scene {
  readonly gateway: SwiftGateway
  readonly place: Place
  readonly narrowing: Narrowing
  readonly session: string
}

async function attack(t: Test, { gateway, place, narrowing, session }: Scene): Promise<void> {
  const { says, asked, attempts, may } = narrowing
  const { text } = await gateway.issue({ ...asked, subject })
  const derived = await logInWith(gateway, text)
  t.ok(derived, `${says}: the token is a key to log in with`)
  for (const [token, whose] of [
    [text, says],
    [derived, `${says}, in a session`],
  ] as const) {
    for (const [method, target, headers] of may) {
      const { status } = await send(gateway, token, { method, target, ...(headers ? { headers } : {}) })
      t.ok(status < 300, `${whose}: ${method} ${target} is granted (${status})`)
    }
    const before = await snapshot(place)
    await inTurns(attempts, async (attempt) => {
      const answer = await send(gateway, token, attempt)
      const name = `${whose}: ${attempt.method} ${attempt.target} ${JSON.stringify(attempt.headers ?? {})}`
      if (!attempt.isPartly) t.ok(isRefused(attempt, answer), `${name} is refused (${answer.status})`)
      t.notOk(textOf(answer).includes(planted), `${name} tells no secret (${answer.status})`)
    })
    const withService = { headers: { 'X-Service-Token': token, 'X-Auth-Token': session } }
    const lent = await send(gateway, undefined, {
      method: 'GET',
      target: `${a}/private/secret`,
      ...withService,
    })
    t.equal(lent.status, 403, `${whose}: as a service token it lends nothing`)
    t.strictSame(await snapshot(place), before, `${whose}: nothing has changed in Swift`)
  }
}

/** Whether a condition holds, and a range fits, would tell of the contents. */
function isRefused({ headers = {} }: Attempt, { status }: RawAnswer): boolean {
  const isConditional = Object.keys(headers).some((name) => /^(if-|range$)/i.test(name))
  return isConditional ? status === 403 : status >= 400 && status < 500
}

async function send(gateway: SwiftGateway, token: string | undefined, attempt: Attempt): Promise<RawAnswer> {
  const { method, target, headers = {}, body = '' } = attempt
  const call = await callerOf(through(gateway.port))
  const credential = token === undefined ? {} : { 'X-Auth-Token': token }
  return call(method, target, { ...credential, ...headers }, Buffer.from(body, 'latin1'))
}

async function logInWith(gateway: SwiftGateway, key: string): Promise<string> {
  const headers = [
    ['X-Auth-User', subject],
    ['X-Auth-Key', key],
  ] as const
  return (await request(gateway.port, { path: '/auth/v1.0', headers })).header('x-auth-token')[0] ?? ''
}

function textOf({ statusText, headers, body }: RawAnswer): string {
  return [statusText, ...headers.flat(), body.toString('latin1')].join('\n')
}

/** A few at a time. */
async function inTurns<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values()
  await Promise.all(
    Array.from({ length: 6 }, async () => {
      for (const item of queue) await act(item)
    }),
  )
}
