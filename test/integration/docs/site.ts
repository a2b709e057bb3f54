/**
 * An installation on either store, whose operator has docs/operations.md open: backups are made and restored by the
 * page's commands.
 * @module
 */

import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Test } from 'tap'
import { type GatewayProcess, type Installation, newInstallation } from '../../support/installation.ts'
import { freshDatabase } from '../../support/postgres.ts'
import { recordingUpstream } from '../../support/recording-upstream.ts'
import { sharedRedisUrl } from '../../support/redis.ts'
import { until } from '../../support/until.ts'
import { blocksOf, newShell, type Shell } from './page.ts'

const [
  dumpPostgres = '',
  dumpSqlite = '',
  exportAudit = '',
  restorePostgres = '',
  restoreSqlite = '',
  recover = '',
  revokeAll = '',
] = blocksOf('operations.md', 'Backup and restore')

/** Blocks of the page that are the same for both stores. */
export const page = { exportAudit, recover, revokeAll }

export interface Site {
  readonly installation: Installation
  readonly shell: Shell
  /** Runs a block of the page, which must succeed. */
  follow(block: string): Promise<string>
  /** Blocks of the page. */
  readonly backUp: string
  readonly restore: string
  /** Runs SQL past the gateway. */
  execute(sql: string): Promise<string>
  /** How many requests the upstream has had. */
  forwarded(): number
}

type Plan = Omit<Parameters<typeof newInstallation>[1], 'upstream'>
type NewSite = (t: Test, plan?: { readonly migrations?: 'auto' | 'manual' }) => Promise<Site>

/** By the name of their store. */
export const sites: Readonly<Record<string, NewSite>> = {
  'PostgreSQL and Redis': async (t, plan) => {
    const url = await freshDatabase(t)
    const redis = { url: sharedRedisUrl(), prefix: `test:${randomBytes(8).toString('hex')}:`, timeout: '1s' }
    const site = await newSite(t, { DATABASE_URL: url }, () => ({
      store: { postgres: { url }, ...plan },
      cache: { redis },
    }))
    return {
      ...site,
      backUp: dumpPostgres,
      restore: restorePostgres,
      execute: (sql) => site.follow(`psql "$DATABASE_URL" --quiet --command="${sql}"`),
    }
  },
  SQLite: async (t, plan) => {
    const path = (folder: string) => join(folder, 'var/sallyport.db')
    const site = await newSite(t, {}, (folder) => ({ store: { sqlite: { path: path(folder) }, ...plan } }))
    return {
      ...site,
      backUp: dumpSqlite,
      restore: restoreSqlite,
      execute: (sql) => site.follow(`sqlite3 var/sallyport.db "${sql}"`),
    }
  },
}

async function newSite(
  t: Test,
  env: Readonly<Record<string, string>>,
  planIn: (folder: string) => Plan,
): Promise<Omit<Site, 'backUp' | 'restore' | 'execute'>> {
  const upstream = await recordingUpstream(t)
  const shell = newShell(t, () => ({ ...env, SALLYPORT_CONFIG: installation.config }))
  const installation = newInstallation(t, { upstream: upstream.url, ...planIn(shell.folder) })
  return {
    installation,
    shell,
    forwarded: () => upstream.requests.length,
    async follow(block) {
      const { code, stdout, stderr } = await shell.run(block)
      t.equal(code, 0, `${block}: ${stderr}`)
      return stdout
    },
  }
}

export async function statusOf(gateway: GatewayProcess, text: string): Promise<number> {
  return (await gateway.request({ headers: [['Authorization', `Bearer ${text}`]] })).status
}

/** Gateways follow what is done from now on. */
export async function goesOn(
  t: Test,
  { installation: { run } }: Site,
  gateways: readonly GatewayProcess[],
): Promise<void> {
  const { document } = await run('token', 'issue', '--kind', 'personal', '--subject', 'frank')
  for (const gateway of gateways) t.equal(await statusOf(gateway, String(document.token)), 200)
  t.match(await run('token', 'revoke', String(document.id)), { code: 0 })
  for (const gateway of gateways) t.equal(await statusOf(gateway, String(document.token)), 401)
  for (const gateway of gateways)
    await until(async () => (await gateway.metric('sallyport_change_feed_age_seconds')) < 0.9)
}
