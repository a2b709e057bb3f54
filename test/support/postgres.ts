/**
 * A real PostgreSQL for tests: private servers that can be killed and frozen, and a fresh database for each
 * test on the server that the whole run shares.
 * @module
 */

import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { freePort } from './free-port.ts'
import { type Scope, type Server, serverFolder, startServer } from './private-server.ts'
import { findProgram } from './run-process.ts'

const debianFolder = '/usr/lib/postgresql'

// A commit is written before it is answered, so that it survives `kill`; only what guards against the loss
// of the whole machine is off. Shared memory as files in the data folder leaves nothing behind in /dev/shm.
const settings = [
  'fsync=off',
  'full_page_writes=off',
  'dynamic_shared_memory_type=mmap',
  'max_connections=200',
  'listen_addresses=127.0.0.1',
]

/** The settings as arguments. */
export const serverOptions: readonly string[] = asArguments(settings)

/**
 * Starts a private server, trusted without password. What is given as `more` wins over the settings of the tests.
 * Throws when PostgreSQL is not installed.
 */
export async function startPostgres(more: readonly string[] = []): Promise<Server> {
  const [initdb, postgres] = [findPostgres('initdb'), findPostgres('postgres')]
  if (initdb === undefined || postgres === undefined) throw new Error('PostgreSQL is not installed')
  const user = unprivilegedUser()
  const folder = serverFolder('postgres', user)
  const data = join(folder, 'data')
  execFileSync(
    initdb,
    ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
    {
      stdio: 'pipe',
      cwd: folder,
      ...user,
    },
  )
  const port = await freePort()
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`
  return startServer({
    command: postgres,
    args: ['-D', data, '-p', String(port), '-k', folder, ...asArguments([...settings, ...more])],
    cwd: folder,
    url,
    port,
    folder,
    ...(user === undefined ? {} : { user }),
    stopSignal: 'SIGINT',
    abandonSignal: 'SIGQUIT',
    ready: () => queryPostgres(url, 'SELECT 1'),
  })
}

/** URL of a new, empty database on the server at `DATABASE_URL`; it is dropped when the test is over. */
export async function freshDatabase(t: Scope): Promise<string> {
  const server = process.env.DATABASE_URL
  if (server === undefined) throw new Error('DATABASE_URL is not set: run `npm test -- FILE`')
  const name = `test_${randomBytes(8).toString('hex')}`
  await queryPostgres(server, `CREATE DATABASE ${name}`)
  t.teardown(() => queryPostgres(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`))
  const url = new URL(server)
  url.pathname = `/${name}`
  return url.href
}

/** A program of PostgreSQL: from PATH, or from the newest version that Debian installed. */
export function findPostgres(program: string): string | undefined {
  return findProgram(
    program,
    installedVersions().map((version) => join(debianFolder, version, 'bin')),
  )
}

/** Of a setting that is given twice, the server takes the last. */
function asArguments(settings: readonly string[]): string[] {
  return settings.flatMap((setting) => ['-c', setting])
}

function installedVersions(): readonly string[] {
  try {
    return readdirSync(debianFolder).toSorted((a, b) => Number(b) - Number(a))
  } catch {
    return []
  }
}

/** PostgreSQL refuses to run as root: then as the user `postgres`, or `nobody` where that does not exist. */
export function unprivilegedUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  for (const name of ['postgres', 'nobody']) {
    try {
      const [uid, gid] = ['-u', '-g'].map((flag) =>
        Number(execFileSync('id', [flag, name], { stdio: 'pipe' })),
      )
      if (uid !== undefined && gid !== undefined) return { uid, gid }
    } catch {
      // No such user: the next one.
    }
  }
  throw new Error('root needs a user «postgres» or «nobody» to run PostgreSQL as')
}

/** One statement on a connection of its own. */
export async function queryPostgres(url: string, sql: string): Promise<void> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 5_000,
    query_timeout: 30_000,
  })
  // A server that is killed ends idle connections with an error event, which has no other listener.
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query(sql)
  } finally {
    await client.end()
  }
}
