/**
 * Two gateways of one installation, a PostgreSQL that holds the record, and a streaming replica that they ask first.
 * Memory holds nothing: every request is a look-up.
 * @module
 */

import pg from 'pg'
import type { Test } from 'tap'
import type { z } from 'zod'
import type { store as storeSchema } from '../../../src/config/schema/tokens.ts'
import { type GatewayProcess, type Installation, newInstallation } from '../../support/installation.ts'
import { startPostgres } from '../../support/postgres.ts'
import { type Standby, startStandby } from '../../support/postgres-standby.ts'
import type { Scope, Server } from '../../support/private-server.ts'
import { request } from '../../support/raw-request.ts'
import { type RecordingUpstream, recordingUpstream } from '../../support/recording-upstream.ts'
import { until } from '../../support/until.ts'

type ReplicaInput = NonNullable<NonNullable<z.input<typeof storeSchema>['postgres']>['replica']>

/** What came of a request: the status, and whether the upstream received it. */
export interface Verdict {
  readonly status: number
  readonly isForwarded: boolean
}

export const allowed: Verdict = { status: 200, isForwarded: true }
export const refused: Verdict = { status: 401, isForwarded: false }

export interface Scene {
  readonly primary: Server
  readonly standby: Standby
  readonly installation: Installation
  readonly gateways: readonly [GatewayProcess, GatewayProcess]
  /** One request with the token to each gateway. */
  ask(text: string): Promise<readonly Verdict[]>
  /** Runs a command; throws unless it succeeds. */
  run(...words: readonly string[]): Promise<Record<string, unknown>>
  /** Returns when the standby shows all that the primary has by now. */
  caughtUp(): Promise<void>
  /** Returns when both gateways say so of the replica. */
  replicaIs(state: 'ok' | 'degraded'): Promise<void>
  /** Look-ups of both gateways so far, by their tier and result. */
  count(tier: string, result: string): Promise<number>
}

export interface ScenePlan {
  readonly replica?: Partial<ReplicaInput>
  /** Where gateways keep what they have read, besides. */
  readonly redisUrl?: string
  /** Where gateways find the replica, if not at the standby. */
  readonly replicaUrl?: (servers: {
    readonly primary: Server
    readonly standby: Standby
  }) => string | Promise<string>
}

export async function newScene(t: Scope, plan: ScenePlan = {}): Promise<Scene> {
  const primary = await startPostgres()
  t.teardown(() => primary.stop())
  const standby = await startStandby(t, primary.url)
  const upstream = await recordingUpstream(t)
  const url = (await plan.replicaUrl?.({ primary, standby })) ?? standby.url
  const installation = newInstallation(t, {
    upstream: upstream.url,
    store: {
      postgres: { url: primary.url, timeout: '5s', replica: { url, timeout: '1s', ...plan.replica } },
      // Nothing but look-ups reads tokens.
      lastUsedInterval: '0s',
      purge: { every: '0s' },
    },
    cache: { memory: { entries: 0 }, ...(plan.redisUrl && { redis: { url: plan.redisUrl } }) },
    authentication: { failures: { attempts: 0 } },
  })
  const gateways = [await installation.serve(), await installation.serve()] as const
  return {
    primary,
    standby,
    installation,
    gateways,
    async ask(text) {
      const verdicts: Verdict[] = []
      for (const gateway of gateways) verdicts.push(await verdictOf(gateway, upstream, text))
      return verdicts
    },
    async run(...words) {
      const { code, document, stderr } = await installation.run(...words)
      if (code !== 0) throw new Error(`${words.join(' ')} ended with ${code}: ${stderr}`)
      return document
    },
    async caughtUp() {
      const [{ lsn }] = await query(primary.url, 'SELECT pg_current_wal_lsn() AS lsn')
      const behind = `SELECT pg_last_wal_replay_lsn() < '${lsn}' AS is_behind`
      await until(async () => (await query(standby.url, behind))[0].is_behind === false)
    },
    async replicaIs(state) {
      for (const gateway of gateways) await until(async () => (await readinessOf(gateway)).replica === state)
    },
    async count(tier, result) {
      const series = `sallyport_token_lookups_total{tier="${tier}",result="${result}"}`
      const counts = await Promise.all(gateways.map((gateway) => gateway.metric(series)))
      return counts.reduce((sum, count) => sum + count, 0)
    },
  }
}

/** A good and a revoked token, both known to the replica; the latter was revoked before anything happened to it. */
export async function twoTokens({ installation, run, caughtUp }: Scene) {
  const [good, revoked] = [await installation.issue(), await installation.issue()]
  await run('token', 'revoke', revoked.token.id)
  await caughtUp()
  return { good: good.text, revoked: revoked.text }
}

/** Gateways decide as if there were no replica, for tokens that it knows, for new ones and for changes. */
export async function decidesAlone(
  t: Test,
  { ask, installation, run }: Scene,
  good: string,
  revoked: string,
) {
  t.same(await ask(good), [allowed, allowed])
  t.same(await ask(revoked), [refused, refused])
  const issued = await installation.issue()
  t.same(await ask(issued.text), [allowed, allowed])
  await run('token', 'revoke', issued.token.id)
  t.same(await ask(issued.text), [refused, refused])
}

async function verdictOf(
  gateway: GatewayProcess,
  upstream: RecordingUpstream,
  text: string,
): Promise<Verdict> {
  const before = upstream.requests.length
  const { status } = await gateway.request({ headers: [['Authorization', `Bearer ${text}`]] })
  return { status, isForwarded: upstream.requests.length > before }
}

/** The replica shows all that the primary has now, and nothing that happens from now on. */
export async function pauseReplay({ standby, caughtUp }: Scene): Promise<void> {
  await caughtUp()
  await query(standby.url, 'SELECT pg_wal_replay_pause()')
  const state = 'SELECT pg_get_wal_replay_pause_state() AS state'
  await until(async () => (await query(standby.url, state))[0].state === 'paused')
}

/** Every check of a gateway; it is ready in all these tests. */
async function readinessOf({ adminPort }: GatewayProcess): Promise<Record<string, string>> {
  const { body } = await request(adminPort, { path: '/readyz' })
  return JSON.parse(body.toString()).checks
}

/** The rows of one question on a connection of its own; there is one at least. */
export async function query(
  url: string,
  sql: string,
): Promise<[Record<string, unknown>, ...Record<string, unknown>[]]> {
  const client = new pg.Client({ connectionString: url, query_timeout: 10_000 })
  client.on('error', () => {})
  try {
    await client.connect()
    const { rows } = await client.query(sql)
    return rows as [Record<string, unknown>, ...Record<string, unknown>[]]
  } finally {
    await client.end()
  }
}
