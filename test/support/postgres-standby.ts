/**
 * A streaming replica of a real PostgreSQL for tests: it answers questions, and takes over when it is promoted.
 * @module
 */

import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { freePort } from './free-port.ts'
import { findPostgres, queryPostgres, serverOptions, unprivilegedUser } from './postgres.ts'
import { type Scope, type Server, serverFolder, startServer } from './private-server.ts'

export interface Standby extends Server {
  /** Makes it a primary; returns when it takes changes. */
  promote(): Promise<void>
}

/** Copies the server at `primaryUrl`, which must be one of the test's own, and follows it. Stopped with the test. */
export async function startStandby(t: Scope, primaryUrl: string): Promise<Standby> {
  const [baseBackup, postgres] = [findPostgres('pg_basebackup'), findPostgres('postgres')]
  if (baseBackup === undefined || postgres === undefined) throw new Error('PostgreSQL is not installed')
  const user = unprivilegedUser()
  const folder = serverFolder('standby', user)
  const data = join(folder, 'data')
  const copying = ['-d', primaryUrl, '-D', data, '-R', '-X', 'stream', '-c', 'fast', '--no-sync']
  execFileSync(baseBackup, copying, { stdio: 'pipe', cwd: folder, ...user })
  const port = await freePort()
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  const server = await startServer({
    command: postgres,
    args: ['-D', data, '-p', String(port), '-k', folder, ...serverOptions],
    cwd: folder,
    url,
    port,
    folder,
    ...(user && { user }),
    stopSignal: 'SIGINT',
    abandonSignal: 'SIGQUIT',
    ready: () => queryPostgres(url, 'SELECT 1'),
  })
  t.teardown(() => server.stop())
  return Object.assign(server, { promote: () => queryPostgres(url, 'SELECT pg_promote()') })
}
