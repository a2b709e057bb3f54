/**
 * The gateway as the example `config/gocd.yaml` has it, before a stand-in for GoCD, and ways to ask it.
 * @module
 */

import { createHash, pbkdf2Sync, randomBytes } from 'node:crypto'
import type { Test } from 'tap'
import type { GocdSettings } from '../../../src/config/schema/profiles/gocd.ts'
import { type Clock, systemClock } from '../../../src/lib/clock.ts'
import { newKeyRing } from '../../../src/tokens/keys/key-ring-text.ts'
import { importLines } from '../../integration/foreign/foreign-tokens.ts'
import { type GatewayInput, startTestGateway, type TestGateway } from '../../support/gateway.ts'
import type { RawAnswer } from '../../support/raw-request.ts'
import type { HeaderLine } from '../../support/recording-upstream.ts'
import { type Gocd, startGocd } from './upstream.ts'

export interface Scene {
  readonly gocd: Gocd
  readonly gateway: TestGateway
  get(path: string, ...headers: readonly HeaderLine[]): Promise<RawAnswer>
  send(method: string, path: string, headers: readonly HeaderLine[], body?: string): Promise<RawAnswer>
  /** Imports a token that GoCD made, and lets the stand-in know it. */
  importToken(user?: string, rights?: object): Promise<Imported>
}

export interface Imported {
  readonly text: string
  readonly id: string
}

export interface SceneOptions {
  readonly clock?: Clock
  readonly input?: Partial<GatewayInput>
  /** Before one that another gateway stands before, too. */
  readonly gocd?: Gocd
  readonly profile?: { readonly userTtl?: string; readonly publicUrl?: string; readonly adminPath?: string }
}

export async function startScene(
  t: Test,
  tokens: GocdSettings['tokens'],
  { clock = systemClock, input = {}, profile = {}, ...given }: SceneOptions = {},
): Promise<Scene> {
  const ring = newKeyRing(systemClock).reveal()
  const gocd = given.gocd ?? (await startGocd(t, { hasTokens: tokens === 'upstream' }))
  const gateway = await startTestGateway(
    t,
    {
      upstream: gocd.url,
      upstreams: { gocd: { url: gocd.url } },
      keys: { ring },
      // What is revoked holds everywhere after one lease.
      cache: { pollInterval: '50ms', lease: '200ms' },
      routes: [
        {
          match: { path: '/{path*}' },
          upstream: 'gocd',
          profile: { gocd: { tokens, ...profile } },
          authorize: { kinds: ['personal'], bindings: { upstream: 'gocd' } },
          identityHeaders: {},
        },
      ],
      ...input,
    },
    clock,
  )
  const send = (method: string, path: string, headers: readonly HeaderLine[], body?: string) =>
    gateway.request({ method, path, headers, ...(body !== undefined && { body }) })
  const importToken = async (user = 'alice', rights = {}) => {
    const token = newGocdToken()
    const bindings = { upstream: ['gocd'] }
    const line = { ...token.line, kind: 'personal', subject: user, bindings, access: 'read-write', ...rights }
    const imported = await importLines(gateway.store, ring, [line])
    if (imported.outcome === 'refused') throw new Error(imported.problems.join('\n'))
    gocd.tokens.set(token.text, { user })
    const [newest] = await gateway.store.listTokens({ state: 'all', subject: user, now: 0, limit: 1 })
    await untilKnown(gateway)
    return { text: token.text, id: newest?.id ?? '' }
  }
  return { gocd, gateway, send, get: (path, ...headers) => send('GET', path, headers), importToken }
}

/** As GoCD makes them, from its description: nothing here is the gateway's. */
function newGocdToken() {
  const [saltId, secret, salt] = [4, 16, 32].map((bytes) => randomBytes(bytes).toString('hex')) as [
    string,
    string,
    string,
  ]
  const hash = pbkdf2Sync(secret, salt, 4096, 32, 'sha256').toString('hex')
  return { text: saltId + secret, line: { format: 'gocd', saltId, salt, hash } }
}

/** The gateway learns of the first import from the change feed: until then such a text costs no hash. */
async function untilKnown(gateway: TestGateway): Promise<void> {
  const probe = createHash('sha1').update(randomBytes(8)).digest('hex')
  const hashed = () => gateway.metric('sallyport_foreign_proofs_total{format="gocd",result="unknown"}')
  for (const before = await hashed(); (await hashed()) === before; ) {
    await gateway.request({ path: '/go/api/agents', headers: [bearer(probe)] })
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

export function bearer(text: string, scheme = 'Bearer'): HeaderLine {
  return ['Authorization', `${scheme} ${text}`]
}

export function basic(user: string, password: string): HeaderLine {
  return ['Authorization', `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`]
}

export const v1: HeaderLine = ['Accept', 'application/vnd.go.cd.v1+json']
export const invalid = '{\n  "message": "Invalid Personal Access Token."\n}'
export const ownTokens = '/go/api/current_user/access_tokens'
export const allTokens = '/go/api/admin/access_tokens'
