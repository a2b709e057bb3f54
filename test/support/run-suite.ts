/**
 * Runs a suite against servers that live as long as the run, and ends with one line, `N passed, N failed`.
 * @module
 */

import { spawnSync } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { serverFolder } from './private-server.ts'
import { type Pass, runFiles } from './run-files.ts'

const root = join(import.meta.dirname, '../..')
const bin = join(root, 'node_modules/.bin')
const tap = join(bin, 'tap')

/** Takes over what is being started: it is stopped behind the last test, whatever becomes of the run. */
export type Own = <T extends { stop(): Promise<void> }>(starting: Promise<T>) => Promise<T>

export interface Suite {
  /** One after the other. */
  readonly passes: readonly Pass[]
  /** Starts the servers; yields the variables that tell the tests where they are. */
  readonly prepare: (own: Own) => Promise<Readonly<Record<string, string>>>
}

/** Sets the exit code of this process: 1 when anything failed, the run was interrupted or could not begin. */
export async function runSuite({ passes, prepare }: Suite): Promise<void> {
  const interrupted = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort())
  const owned: { stop(): Promise<void> }[] = []
  // Whatever a test that is killed leaves behind lies in here. Open to the user whom PostgreSQL runs as.
  const folder = serverFolder('run')
  chmodSync(folder, 0o711)
  try {
    const servers = await prepare(async (starting) => {
      const server = await starting
      owned.push(server)
      return server
    })
    const env = {
      ...process.env,
      TMPDIR: folder,
      // Hundreds of processes read the same sources: each is compiled once.
      NODE_COMPILE_CACHE: join(folder, 'compiled'),
      PATH: `${bin}:${process.env.PATH}`,
      ...servers,
    }
    buildPlugins(env)
    const print = (line: string) => void process.stdout.write(`${line}\n`)
    const total = { passed: 0, failed: 0 }
    for (const pass of passes) {
      const { passed, failed } = await runFiles(pass, { root, env, interrupted: interrupted.signal, print })
      total.passed += passed
      total.failed += failed
    }
    if (interrupted.signal.aborted) throw new Error('the run was interrupted')
    print(`${total.passed} passed, ${total.failed} failed`)
    process.exitCode = total.failed > 0 ? 1 : 0
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
    process.exitCode = 1
  } finally {
    await Promise.all(owned.map((server) => server.stop()))
  }
}

/**
 * tap comes with its plugin for TypeScript built in, which silences the warnings of every process that a test starts: it is
 * built anew, once after an installation, without what package.json turns off.
 */
function buildPlugins(env: NodeJS.ProcessEnv): void {
  const options = { cwd: root, env, encoding: 'utf8' } as const
  const { stdout } = spawnSync(process.execPath, [tap, 'node-options'], options)
  if (!stdout.includes('@tapjs/typescript')) return
  const { status, stderr } = spawnSync(process.execPath, [tap, 'build'], options)
  if (status !== 0) throw new Error(`tap build failed: ${stderr}`)
}
