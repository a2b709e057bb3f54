/**
 * A gateway that stood still for longer than its leases trusts nothing from before: the first requests that it reads
 * when it goes on, which have waited for it, are refused when their tokens were revoked meanwhile. What stands still
 * here is the process; a machine that is suspended stops the clock as well, and cannot be had in a test.
 * @module
 */

import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { systemClock } from '../../../src/lib/clock.ts'
import { parseKeyRing } from '../../../src/tokens/keys/key-ring.ts'
import { newKeyRing } from '../../../src/tokens/keys/key-ring-text.ts'
import { PostgresTokenStore } from '../../../src/tokens/stores/postgres/postgres-token-store.ts'
import { actAt } from '../../support/act.ts'
import { startFaultyProxy } from '../../support/faulty-proxy.ts'
import { type GatewayProcess, type InstallationPlan, newInstallation } from '../../support/installation.ts'
import { type IssuedToken, newIssuer } from '../../support/issuer.ts'
import { freshDatabase } from '../../support/postgres.ts'
import type { RawAnswer } from '../../support/raw-request.ts'
import { type RecordingUpstream, recordingUpstream } from '../../support/recording-upstream.ts'
import { sharedRedisUrl } from '../../support/redis.ts'
import { until } from '../../support/until.ts'

/** Longer than every lease at its default. */
const frozenMs = 5_000
const gatewaysEach = 2
const tokensEach = 5

const postgresUrl = await freshDatabase(t)
const ring = newKeyRing(systemClock).reveal()
const store = new PostgresTokenStore(
  { url: postgresUrl, connections: 2, timeout: 2_000 },
  { sealer: parseKeyRing(ring) },
)
t.teardown(() => store.close())
/** From near: acts wait for each other, and from far away each takes a second. */
const issue = newIssuer(store, ring, systemClock)
const { port: postgresPort } = new URL(postgresUrl)
/** So slow that a fetch of changes is under way at almost any time, and fast enough that none fails. */
const farAway = await startFaultyProxy(t, Number(postgresPort), { slowMs: 120 })
farAway.behave('slow')

const near = { store: { postgres: { url: postgresUrl } } }
const far = { store: { postgres: { url: postgresUrl.replace(`:${postgresPort}/`, `:${farAway.port}/`) } } }
const cache = { redis: { url: sharedRedisUrl(), prefix: `test-${randomUUID()}:` } }
const kinds = [
  ['without Redis', near],
  ['with Redis', { ...near, cache }],
  ['without Redis, during a fetch of changes', far],
  ['with Redis, during a fetch of changes', { ...far, cache }],
] as const satisfies readonly (readonly [string, Partial<InstallationPlan>])[]

interface Candidate {
  readonly gateway: GatewayProcess
  readonly tokens: readonly IssuedToken[]
  readonly kept: IssuedToken
}

async function startCandidates(
  upstream: RecordingUpstream,
  plan: Partial<InstallationPlan>,
): Promise<readonly Candidate[]> {
  const installation = newInstallation(t, { upstream: upstream.url, keys: { ring }, ...plan })
  return Promise.all(
    Array.from({ length: gatewaysEach }, async () => {
      const gateway = await installation.serve()
      const kept = await issue()
      const tokens = await Promise.all(Array.from({ length: tokensEach }, () => issue()))
      return { gateway, kept, tokens }
    }),
  )
}

function ask({ gateway }: Candidate, { text }: IssuedToken): Promise<RawAnswer> {
  return gateway.request({ headers: [['Authorization', `Bearer ${text}`]] }, { timeoutMs: 15_000 })
}

async function statusesOf(candidate: Candidate, tokens: readonly IssuedToken[]): Promise<readonly number[]> {
  return (await Promise.all(tokens.map((token) => ask(candidate, token)))).map(({ status }) => status)
}

t.jobs = kinds.length
for (const [what, plan] of kinds) {
  const name = `${what}, a gateway that stood still lets nothing through that was revoked meanwhile`
  t.test(name, { buffered: true }, async (t) => {
    const upstream = await recordingUpstream(t)
    const candidates = await startCandidates(upstream, plan)
    // Known in memory, and each asked for at a moment of its own within the interval of fetches.
    for (const [index, candidate] of candidates.entries()) {
      for (const _twice of [1, 2]) {
        const statuses = await statusesOf(candidate, [...candidate.tokens, candidate.kept])
        t.same(new Set(statuses), new Set([200]))
      }
      await sleep(90 * index)
      process.kill(candidate.gateway.pid, 'SIGSTOP')
      t.teardown(() => process.kill(candidate.gateway.pid, 'SIGCONT'))
    }
    const revoked = candidates.flatMap(({ tokens }) => tokens)
    for (const { token } of revoked) await store.revokeToken(token.id, actAt(Date.now()))
    await sleep(frozenMs)

    const sent = upstream.requests.length
    for (const candidate of candidates) {
      const waiting = statusesOf(candidate, candidate.tokens)
      await sleep(100)
      process.kill(candidate.gateway.pid, 'SIGCONT')
      // 503 is an honest answer of who does not reach the store in time; 200 is not.
      for (const status of await waiting) t.ok(status === 401 || status === 503, String(status))
    }
    t.equal(upstream.requests.length, sent, 'and the upstream hears nothing of them')
    for (const candidate of candidates) {
      await until(async () => (await ask(candidate, candidate.kept)).status === 200)
      for (const token of candidate.tokens) {
        await until(async () => (await ask(candidate, token)).status === 401)
      }
    }
  })
}
