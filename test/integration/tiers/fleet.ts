/**
 * Gateways that share one PostgreSQL, one Redis and one key ring, in front of one upstream, and what a request costs
 * each of their tiers.
 * @module
 */

import { randomBytes } from 'node:crypto'
import type { Test } from 'tap'
import { Secret } from '../../../src/lib/secret.ts'
import { type KeyRing, parseKeyRing } from '../../../src/tokens/keys/key-ring.ts'
import { newKeyRing } from '../../../src/tokens/keys/key-ring-text.ts'
import { type GatewayInput, startTestGateway, type TestGateway } from '../../support/gateway.ts'
import type { RawAnswer } from '../../support/raw-request.ts'
import { readMetrics } from '../../support/read-metrics.ts'
import {
  type HeaderLine,
  type RecordingUpstream,
  recordingUpstream,
} from '../../support/recording-upstream.ts'

type CacheInput = NonNullable<GatewayInput['cache']>

export interface FleetPlan {
  readonly postgresUrl: string
  readonly redisUrl: string
}

export interface ReplicaPlan {
  readonly memory?: CacheInput['memory']
  readonly outageGrace?: string
  /** 1 second unless given: a machine that is busy is no outage of Redis. */
  readonly redisTimeout?: string
}

export interface Fleet {
  readonly upstream: RecordingUpstream
  readonly keyRing: KeyRing
  /** What all keys of this fleet in Redis begin with. */
  readonly prefix: string
  /** The key in Redis of the entry for a token text. */
  redisKey(text: string): string
  /** One more gateway with an empty memory. */
  startReplica(plan?: ReplicaPlan): Promise<TestGateway>
}

export async function newFleet(t: Test, { postgresUrl, redisUrl }: FleetPlan): Promise<Fleet> {
  const upstream = await recordingUpstream(t)
  const ring = newKeyRing({ now: () => Date.now() }).reveal()
  const keyRing = parseKeyRing(ring)
  const prefix = `test-${randomBytes(6).toString('hex')}:`
  return {
    upstream,
    keyRing,
    prefix,
    redisKey: (text) => `${prefix}token:${keyRing.digest(new Secret(text)).value}`,
    startReplica: ({ memory, outageGrace = '60s', redisTimeout = '1s' } = {}) =>
      startTestGateway(t, {
        upstream: upstream.url,
        routes: [{ match: { path: '/{path*}' }, identityHeaders }],
        keys: { ring },
        store: { postgres: { url: postgresUrl }, outageGrace },
        cache: { redis: { url: redisUrl, prefix, timeout: redisTimeout }, ...(memory && { memory }) },
      }),
  }
}

const identityHeaders = {
  'x-sallyport-subject': 'subject',
  'x-sallyport-token-id': 'token-id',
  'x-sallyport-access': 'access',
} as const

export function bearer(text: string): HeaderLine {
  return ['Authorization', `Bearer ${text}`]
}

/** One request with a token, on a connection of its own. */
export function ask(gateway: TestGateway, text: string, path = '/'): Promise<RawAnswer> {
  return gateway.request({ path, headers: [bearer(text)] })
}

/** The refusal code of an answer; `undefined` when it is no refusal. */
export function codeOf(answer: RawAnswer): string | undefined {
  const [type] = answer.header('content-type')
  return type === 'application/problem+json' ? JSON.parse(answer.body.toString()).code : undefined
}

/** Look-ups while `act` runs, as `memory hit`, and queries for tokens, as `query`; what did not happen is left out. */
export async function counted(
  gateway: Pick<TestGateway, 'adminPort'>,
  act: () => Promise<unknown>,
): Promise<Record<string, number>> {
  const before = await tally(gateway)
  await act()
  const after = await tally(gateway)
  const grown = [...after].map(([name, count]) => [name, count - (before.get(name) ?? 0)] as const)
  return Object.fromEntries(grown.filter(([, count]) => count !== 0))
}

async function tally({ adminPort }: Pick<TestGateway, 'adminPort'>): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>()
  for (const [series, count] of await readMetrics(adminPort)) {
    const [, tier, result] =
      /^sallyport_token_lookups_total\{tier="(\w+)",result="(\w+)"\}$/.exec(series) ?? []
    if (tier !== undefined) counts.set(`${tier} ${result}`, count)
    if (series === 'sallyport_store_queries_total{operation="find"}') counts.set('query', count)
  }
  return counts
}
