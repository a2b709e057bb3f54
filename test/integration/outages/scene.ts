/**
 * Two gateways that share a PostgreSQL and a Redis, each of which can fail in five ways; and a way past the proxies,
 * as others have it who are not cut off.
 * @module
 */

import { randomUUID } from 'node:crypto'
import { cache as cacheSchema } from '../../../src/config/schema/tokens.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { announceChange, type Propagation } from '../../../src/tokens/cache/revocation-announcer.ts'
import { newKeyRing } from '../../../src/tokens/keys/key-ring-text.ts'
import { PostgresTokenStore } from '../../../src/tokens/stores/postgres/postgres-token-store.ts'
import { actAt, anySealer } from '../../support/act.ts'
import { startFaultyProxy } from '../../support/faulty-proxy.ts'
import { startTestGateway, type TestGateway } from '../../support/gateway.ts'
import { type Issue, newIssuer } from '../../support/issuer.ts'
import { freshDatabase, startPostgres } from '../../support/postgres.ts'
import type { Scope, Server } from '../../support/private-server.ts'
import { type RecordingUpstream, recordingUpstream } from '../../support/recording-upstream.ts'
import { sharedRedisUrl, startRedis } from '../../support/redis.ts'
import { redisCli } from '../../support/redis-cli.ts'
import { events } from '../streams/open-streams.ts'

/** Of a server itself, and then of the way to it. */
export const failures = ['killed', 'frozen', 'slow', 'trickling', 'half-open'] as const
export type Failure = (typeof failures)[number]

/** A server on which gateways depend. */
export interface Part {
  /** As the gateways reach it. */
  readonly url: string
  fail(): Promise<void>
  /** Does nothing to a part that is well. */
  mend(): Promise<void>
}

export interface Scene {
  readonly gateways: readonly [TestGateway, TestGateway]
  /** Answers `ok`, and `/events…` without end. */
  readonly upstream: RecordingUpstream
  readonly parts: Readonly<Record<'postgres' | 'redis', Part>>
  /** Whether others can reach a part that has failed for the gateways. */
  readonly isReachedByOthers: boolean
  readonly issue: Issue
  /** How many tokens Redis remembers, past the proxies. */
  sharedTokens(): Promise<number>
  /** Commits past the proxies and tells nobody. */
  revoke(tokenId: string): Promise<void>
  /** Tells all replicas past the proxies, as a command does behind its commit. */
  announce(): Promise<Propagation>
}

export interface ScenePlan {
  readonly failure: Failure
  readonly outageGraceMs: number
}

export async function newScene(t: Scope, { failure, outageGraceMs }: ScenePlan): Promise<Scene> {
  const ofServer = failure === 'killed' || failure === 'frozen'
  const direct = ofServer
    ? await ownServers(t)
    : { postgres: { url: await freshDatabase(t) }, redis: { url: sharedRedisUrl() } }
  const parts = {
    postgres: await newPart(t, direct.postgres, failure),
    redis: await newPart(t, direct.redis, failure),
  }
  const upstream = await recordingUpstream(
    t,
    ({ target }) => (target.startsWith('/events') ? { body: events() } : { body: 'ok' }),
    { replyAtHead: true },
  )
  const ring = newKeyRing(systemClock).reveal()
  const prefix = `test-${randomUUID()}:`
  const start = () =>
    startTestGateway(t, {
      upstream: upstream.url,
      routes: [
        { match: { path: '/events/public' }, authorize: { public: true } },
        { match: { path: '/{path*}' } },
      ],
      keys: { ring },
      store: { postgres: { url: parts.postgres.url }, outageGrace: `${outageGraceMs}ms` },
      // As patient as may be: what the machine does beside is no outage.
      cache: {
        pollInterval: '100ms',
        lease: '1s',
        redis: { url: parts.redis.url, prefix, timeout: '500ms' },
      },
      listen: { timeouts: { drain: '0s' } },
    })
  const gateways = [await start(), await start()] as const
  const store = new PostgresTokenStore(
    { url: direct.postgres.url, connections: 2, timeout: 5_000 },
    { sealer: anySealer },
  )
  t.teardown(() => store.close())
  return {
    gateways,
    upstream,
    parts,
    isReachedByOthers: !ofServer,
    issue: newIssuer(store, ring, systemClock),
    async sharedTokens() {
      const keys = await redisCli(direct.redis.url, ['--scan', '--pattern', `${prefix}token:*`])
      return keys.toString().split('\n').filter(Boolean).length
    },
    async revoke(tokenId) {
      await store.revokeToken(tokenId, actAt(Date.now()))
    },
    announce: () => announceChange(cacheSchema.parse({ redis: { url: direct.redis.url, prefix } })),
  }
}

async function ownServers(t: Scope): Promise<{ readonly postgres: Server; readonly redis: Server }> {
  const [postgres, redis] = await Promise.all([startPostgres(), startRedis()])
  t.teardown(() => Promise.all([postgres.stop(), redis.stop()]))
  return { postgres, redis }
}

async function newPart(t: Scope, target: Pick<Server, 'url'> | Server, failure: Failure): Promise<Part> {
  if ('kill' in target) {
    return failure === 'killed'
      ? mendedOnce(
          target.url,
          () => target.kill(),
          () => target.restart(),
        )
      : mendedOnce(
          target.url,
          async () => target.freeze(),
          async () => target.thaw(),
        )
  }
  if (failure === 'killed' || failure === 'frozen')
    throw new Error('only a server of its own can be signalled')
  const url = new URL(target.url)
  const proxy = await startFaultyProxy(t, Number(url.port))
  url.port = String(proxy.port)
  return mendedOnce(
    url.href,
    async () => proxy.behave(failure),
    async () => proxy.behave('open'),
  )
}

function mendedOnce(url: string, fail: () => Promise<void>, mend: () => Promise<void>): Part {
  let hasFailed = false
  return {
    url,
    async fail() {
      hasFailed = true
      await fail()
    },
    async mend() {
      if (!hasFailed) return
      hasFailed = false
      await mend()
    },
  }
}
