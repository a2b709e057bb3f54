/**
 * `npm test`, or `npm test -- FILE…`: runs the suite against real servers, those at `DATABASE_URL` and
 * `REDIS_URL` or private ones, and ends with one line, `N passed, N failed`.
 * @module
 */

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { installServers } from './install-servers.ts'
import { startPostgres } from './postgres.ts'
import { type Server, serverFolder } from './private-server.ts'
import { startRedis } from './redis.ts'
import { reportTap } from './report-tap.ts'

const root = join(import.meta.dirname, '../..')
const bin = join(root, 'node_modules/.bin')
const tap = join(bin, 'tap')
const interrupted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort())

const servers: Server[] = []
// Whatever a test that is killed leaves behind lies in here. Open to the user whom PostgreSQL runs as.
const folder = serverFolder('run')
chmodSync(folder, 0o711)
try {
  installServers()
  process.exitCode = await runSuite(process.argv.slice(2), {
    ...process.env,
    TMPDIR: folder,
    PATH: `${bin}:${process.env.PATH}`,
    DATABASE_URL: process.env.DATABASE_URL ?? (await own(startPostgres())),
    REDIS_URL: process.env.REDIS_URL ?? (await own(startRedis())),
  })
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
} finally {
  await Promise.all(servers.map((server) => server.stop()))
}

async function own(starting: Promise<Server>): Promise<string> {
  const server = await starting
  servers.push(server)
  return server.url
}

/** The exit code of tap; 1 when it was interrupted or its report broke off. */
async function runSuite(files: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  buildPlugins(env)
  const child = spawn(process.execPath, [tap, '--reporter=tap', '--no-color', ...files], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  interrupted.signal.addEventListener('abort', () => child.kill())
  const exited = once(child, 'close')
  const counts = await reportTap(child.stdout, (line) => process.stdout.write(`${line}\n`))
  const [code] = await exited
  if (counts === undefined) throw new Error('the run broke off')
  process.stdout.write(`${counts.passed} passed, ${counts.failed} failed\n`)
  return interrupted.signal.aborted ? 1 : (code ?? 1)
}

/**
 * tap compiles its set of plugins on the first run after an installation, and that run still loads the one
 * for TypeScript that package.json turns off.
 */
function buildPlugins(env: NodeJS.ProcessEnv): void {
  const options = { cwd: root, env, encoding: 'utf8' } as const
  const { stdout } = spawnSync(process.execPath, [tap, 'node-options'], options)
  if (!stdout.includes('@tapjs/typescript')) return
  const { status, stderr } = spawnSync(process.execPath, [tap, 'build'], options)
  if (status !== 0) throw new Error(`tap build failed: ${stderr}`)
}
