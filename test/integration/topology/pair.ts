/**
 * Two gateways with one PostgreSQL and a Redis of any kind, and revocations that must hold on both once they are
 * announced.
 * @module
 */

import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import { cache as cacheSchema } from '../../../src/config/schema/tokens.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { Secret } from '../../../src/lib/secret.ts'
import { announceChange, type Propagation } from '../../../src/tokens/cache/revocation-announcer.ts'
import { parseKeyRing } from '../../../src/tokens/keys/key-ring.ts'
import { newKeyRing } from '../../../src/tokens/keys/key-ring-text.ts'
import { actAt } from '../../support/act.ts'
import {
  type GatewayInput,
  type IssuedToken,
  startTestGateway,
  type TestGateway,
} from '../../support/gateway.ts'
import { freshDatabase } from '../../support/postgres.ts'
import { startPlainUpstream } from '../revocation/load.ts'

type RedisInput = NonNullable<NonNullable<GatewayInput['cache']>['redis']>

export interface Pair {
  readonly gateways: readonly [TestGateway, TestGateway]
  readonly ports: readonly number[]
  /** What all keys in Redis begin with. */
  readonly prefix: string
  /** The key in Redis of the entry for a token text. */
  keyOf(text: string): string
  /** One more gateway with an empty memory. */
  join(): Promise<TestGateway>
  /** Revokes in the store, and nothing else. */
  commit(token: IssuedToken): Promise<void>
  /** As a command that revoked waits. */
  announce(): Promise<Propagation>
}

/** A gateway that hears of nothing follows late enough to be caught at it. */
const polls = { pollInterval: '800ms', lease: '900ms' }
/** `cache.redis.lease` unless told otherwise, and its margin. */
const horizonMs = 2_100

/** Returns when the servers have known the gateways for long enough to prove something. */
export async function startPair(
  t: Test,
  servers: Pick<RedisInput, 'url' | 'sentinel' | 'cluster'>,
): Promise<Pair> {
  const ring = newKeyRing(systemClock).reveal()
  const keyRing = parseKeyRing(ring)
  const prefix = `test-${randomUUID()}:`
  // A machine that is busy is no outage of Redis.
  const cache = { ...polls, redis: { ...servers, prefix, timeout: '500ms' } }
  const upstream = await startPlainUpstream(t)
  const postgres = { url: await freshDatabase(t) }
  const join = () =>
    startTestGateway(t, {
      upstream,
      routes: [{ match: { path: '/{path*}' } }],
      keys: { ring },
      store: { postgres },
      cache,
      log: { requests: false },
    })
  const gateways = [await join(), await join()] as const
  await sleep(horizonMs)
  return {
    gateways,
    ports: gateways.map(({ port }) => port),
    prefix,
    keyOf: (text) => `${prefix}token:${keyRing.digest(new Secret(text)).value}`,
    join,
    async commit({ token }) {
      await gateways[0].store.revokeToken(token.id, actAt(Date.now()))
    },
    announce: () => announceChange(cacheSchema.parse(cache)),
  }
}

/** Statuses that the gateways answer with, one after the other. */
export async function statusesOf({ gateways }: Pair, text: string): Promise<readonly number[]> {
  const answers = gateways.map((gateway) =>
    gateway.request({ headers: [['Authorization', `Bearer ${text}`]] }),
  )
  return (await Promise.all(answers)).map(({ status }) => status)
}

export interface Trial extends Propagation {
  /** What the gateways answered right after the announcement. */
  readonly after: readonly number[]
}

/** A token that both gateways know is revoked; `act` comes before, and what it starts may overtake anything. */
export async function trial(t: Test, pair: Pair, act: () => unknown = () => {}): Promise<Trial> {
  const issued = await pair.gateways[0].issue()
  t.same(await statusesOf(pair, issued.text), [200, 200], 'both know the token')
  await act()
  await pair.commit(issued)
  const propagation = await pair.announce()
  return { ...propagation, after: await statusesOf(pair, issued.text) }
}

/** Trials until so many gateways, the two among them, are known to have heeded one. */
export async function untilAllHeed(t: Test, pair: Pair, count = 2): Promise<void> {
  const deadline = performance.now() + 30_000
  for (;;) {
    const { after, everywhere, replicas, waitedMs } = await trial(t, pair)
    t.same(after, [401, 401], 'refused by both')
    if (everywhere && (replicas ?? 0) >= count && waitedMs < horizonMs) return
    if (performance.now() > deadline) throw new Error('the gateways are not waited for again')
  }
}
