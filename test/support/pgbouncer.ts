/**
 * A real PgBouncer for tests, in transaction mode and with so few connections of the server that clients share them.
 * @module
 */

import { chownSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from './free-port.ts'
import { queryPostgres, unprivilegedUser } from './postgres.ts'
import { type Scope, type Server, serverFolder, startServer } from './private-server.ts'
import { findProgram } from './run-process.ts'

export interface PgBouncerOptions {
  /** Of a statement that is no part of a transaction; 0 is none. */
  readonly statementTimeoutMs?: number
  /** Start-up parameters that are taken and dropped. */
  readonly ignored?: readonly string[]
}

/** Starts it before the server at `target`, for all its databases; it is stopped when the test is over. */
export async function startPgBouncer(
  t: Scope,
  target: string,
  { statementTimeoutMs = 15_000, ignored = [] }: PgBouncerOptions = {},
): Promise<Server> {
  const command = findProgram('pgbouncer')
  if (command === undefined) throw new Error('PgBouncer is not installed')
  const { hostname, port: targetPort, pathname } = new URL(target)
  const user = unprivilegedUser()
  const folder = serverFolder('pgbouncer', user)
  const port = await freePort()
  const files = { config: join(folder, 'pgbouncer.ini'), users: join(folder, 'users.txt') }
  const onConnect =
    statementTimeoutMs > 0 ? ` connect_query='SET statement_timeout = ${statementTimeoutMs}'` : ''
  const lines = [
    '[databases]',
    `* = host=${hostname} port=${targetPort}${onConnect}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    'auth_type = trust',
    `auth_file = ${files.users}`,
    'pool_mode = transaction',
    // Each transaction meets another connection than the one before.
    'default_pool_size = 3',
    'server_round_robin = 1',
    ...(ignored.length > 0 ? [`ignore_startup_parameters = ${ignored.join(',')}`] : []),
  ]
  writeFileSync(files.config, `${lines.join('\n')}\n`)
  writeFileSync(files.users, '"postgres" ""\n')
  for (const file of Object.values(files)) if (user !== undefined) chownSync(file, user.uid, user.gid)
  const url = `postgres://postgres@127.0.0.1:${port}${pathname}`
  const server = await startServer({
    command,
    args: [files.config],
    cwd: folder,
    url,
    port,
    folder,
    ...(user && { user }),
    stopSignal: 'SIGINT',
    ready: () => queryPostgres(url, 'SELECT 1'),
  })
  t.teardown(() => server.stop())
  return server
}
