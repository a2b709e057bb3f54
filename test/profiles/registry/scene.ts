/**
 * A gateway with the registry profile before an upstream that keeps what reached it, and a client that logs in and comes
 * back with what it was given.
 * @module
 */

import type { Clock } from '../../../src/lib/clock.ts'
import type { IssueRequest } from '../../../src/tokens/life/issue-token.ts'
import {
  type GatewayInput,
  type IssuedToken,
  startTestGateway,
  type TestGateway,
} from '../../support/gateway.ts'
import type { Scope } from '../../support/private-server.ts'
import type { PlainRequest, RawAnswer } from '../../support/raw-request.ts'
import {
  type HeaderLine,
  type RecordingUpstream,
  type ReplyTo,
  recordingUpstream,
} from '../../support/recording-upstream.ts'

export const publicUrl = 'https://registry.example.org'
export const service = 'dependency_proxy'
export const realm = `Bearer realm="${publicUrl}/jwt/auth",service="${service}"`

/** Both scopes and everything below the group `acme`. */
export const allowed = {
  scopes: ['read_registry', 'write_registry'],
  bindings: { group: ['acme'] },
  access: 'read-write',
} as const satisfies Partial<IssueRequest>

type RouteInput = GatewayInput['routes'][number]
type ProfileInput = NonNullable<NonNullable<RouteInput['profile']>['registry']>

export interface ScenePlan extends Partial<Omit<GatewayInput, 'routes' | 'upstream'>> {
  readonly profile?: ProfileInput
  readonly route?: Partial<Omit<RouteInput, 'profile'>>
  readonly reply?: ReplyTo
  readonly clock?: Clock
}

export interface LoginRequest {
  readonly user?: string
  readonly password?: string
  readonly scopes?: readonly string[]
  /** In place of the whole query. */
  readonly query?: string
  readonly path?: string
  readonly method?: string
  readonly headers?: readonly HeaderLine[]
}

export interface RegistryScene {
  readonly gateway: TestGateway
  readonly upstream: RecordingUpstream
  readonly ask: (path: string, headers?: readonly HeaderLine[], rest?: PlainRequest) => Promise<RawAnswer>
  readonly logIn: (login: LoginRequest) => Promise<RawAnswer>
  /** A token of the gateway, and a registry token that it was given for the scopes. */
  readonly enter: (
    asked: Partial<IssueRequest>,
    scopes?: readonly string[],
  ) => Promise<IssuedToken & { readonly jwt: string; readonly bearer: HeaderLine }>
  readonly revoke: (id: string) => Promise<unknown>
}

export async function openScene(t: Scope, plan: ScenePlan = {}): Promise<RegistryScene> {
  const { profile, route, reply, clock, ...input } = plan
  const upstream = await recordingUpstream(t, reply)
  const gateway = await startTestGateway(
    t,
    {
      upstream: upstream.url,
      routes: [
        {
          name: 'registry',
          match: { path: '/{path*}' },
          identityHeaders: { 'x-sallyport-subject': 'subject' },
          ...route,
          profile: { registry: { publicUrl, ...profile } },
        },
      ],
      ...input,
    },
    clock,
  )
  const ask: RegistryScene['ask'] = (path, headers = [], rest = {}) =>
    gateway.request({ path, headers, ...rest })
  const logIn: RegistryScene['logIn'] = (login) => {
    const { path = '/jwt/auth', query = queryOf(login), method = 'GET', headers = headersOf(login) } = login
    return ask(path + query, headers, { method })
  }
  return {
    gateway,
    upstream,
    ask,
    logIn,
    async enter(asked, scopes = []) {
      const issued = await gateway.issue(asked)
      const jwt = tokenIn(await logIn({ user: issued.token.subject.name, password: issued.text, scopes }))
      return { ...issued, jwt, bearer: ['Authorization', `Bearer ${jwt}`] }
    },
    revoke: (id) =>
      gateway.store.revokeToken(id, { at: Date.now(), by: 'test', origin: 'test', cause: 'leaked' }),
  }
}

/** Throws when it is no success. */
export function tokenIn(answer: RawAnswer): string {
  if (answer.status !== 200) throw new Error(`no registry token: ${answer.status} ${answer.body}`)
  return JSON.parse(answer.body.toString()).token
}

export function basic(user: string, password: string): HeaderLine {
  return ['Authorization', `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`]
}

export function claimsOf(jwt: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString())
}

function queryOf({ scopes = [] }: LoginRequest): string {
  const asked = scopes.map((scope) => `&scope=${encodeURIComponent(scope)}`)
  return `?service=${service}&client_id=docker&offline_token=true${asked.join('')}`
}

function headersOf({ user = '', password }: LoginRequest): readonly HeaderLine[] {
  return password === undefined ? [] : [basic(user, password)]
}
