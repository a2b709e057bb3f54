/**
 * Runs a suite with tap against servers that live as long as the run, and ends with one line,
 * `N passed, N failed`.
 * @module
 */

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { serverFolder } from './private-server.ts'
import { type Counts, reportTap } from './report-tap.ts'

const root = join(import.meta.dirname, '../..')
const bin = join(root, 'node_modules/.bin')
const tap = join(bin, 'tap')

/** Takes over what is being started: it is stopped behind the last test, whatever becomes of the run. */
export type Own = <T extends { stop(): Promise<void> }>(starting: Promise<T>) => Promise<T>

export interface Suite {
  /** Runs of tap, one after the other. Its arguments: files, and which of package.json's settings differ. */
  readonly passes: readonly (readonly string[])[]
  /** Starts the servers; yields the variables that tell the tests where they are. */
  readonly prepare: (own: Own) => Promise<Readonly<Record<string, string>>>
}

/** Sets the exit code of this process: that of tap, or 1 when the run was interrupted or could not begin. */
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
    const total = { passed: 0, failed: 0 }
    let code = 0
    for (const words of passes) {
      const outcome = await runTap(words, interrupted.signal, env)
      code ||= outcome.code
      total.passed += outcome.passed
      total.failed += outcome.failed
    }
    process.stdout.write(`${total.passed} passed, ${total.failed} failed\n`)
    process.exitCode = code
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
    process.exitCode = 1
  } finally {
    await Promise.all(owned.map((server) => server.stop()))
  }
}

/** What tap counted, and its exit code, which is 1 when it was interrupted. Throws when its report broke off. */
async function runTap(
  words: readonly string[],
  interrupted: AbortSignal,
  env: NodeJS.ProcessEnv,
): Promise<Counts & { readonly code: number }> {
  const child = spawn(process.execPath, [tap, '--reporter=tap', '--no-color', ...words], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  interrupted.addEventListener('abort', () => child.kill())
  const exited = once(child, 'close')
  const counts = await reportTap(child.stdout, (line) => process.stdout.write(`${line}\n`))
  const [code] = await exited
  if (counts === undefined) throw new Error('the run broke off')
  return { ...counts, code: interrupted.aborted ? 1 : (code ?? 1) }
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
