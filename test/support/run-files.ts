/**
 * Runs test files, each in a plain Node process of its own, and tells of each as it ends: what fails is seen, and a file
 * that breaks off has failed.
 *
 * Not tap's own runner: that loads a recorder into every process, and into all that those start, for coverage and for
 * which files changed. Neither is used here, and it took as long as a test file or a command takes to start.
 * @module
 */

import { once } from 'node:events'
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type Counts, countsIn, failuresIn } from './report-tap.ts'
import { spawnBound } from './run-process.ts'

export interface Pass {
  /** Paths and patterns, from the top of the repository. */
  readonly files: readonly string[]
  /** Patterns of files that are left out. */
  readonly except?: readonly string[]
  /** How many run at once; 3 unless told otherwise. */
  readonly jobs?: number
  /** What a file may take, unless it sets another time itself; two minutes unless told otherwise. */
  readonly timeoutMs?: number
}

export interface Surroundings {
  readonly root: string
  readonly env: NodeJS.ProcessEnv
  readonly interrupted: AbortSignal
  readonly print: (line: string) => void
}

/** A process that is over time fails its test and ends by itself, unless its event loop stands still: then by force. */
const stuckFactor = 5

/** Yields the sums. Throws when a path or a pattern has no file. */
export async function runFiles(pass: Pass, surroundings: Surroundings): Promise<Counts> {
  const { jobs = 3, timeoutMs = 120_000 } = pass
  const waiting = filesOf(pass, surroundings.root).values()
  const total = { passed: 0, failed: 0 }
  async function runNext(): Promise<void> {
    for (const file of waiting) {
      if (surroundings.interrupted.aborted) return
      const { passed, failed } = await runFile(file, timeoutMs, surroundings)
      total.passed += passed
      total.failed += failed
    }
  }
  await Promise.all(Array.from({ length: jobs }, runNext))
  return total
}

function filesOf({ files, except = [] }: Pass, root: string): readonly string[] {
  const found = files.map((pattern) => {
    const matches = globSync(pattern, { cwd: root, exclude: [...except] })
    if (matches.length === 0) throw new Error(`there is no test file ${pattern}`)
    return matches
  })
  return [...new Set(found.flat())].toSorted()
}

async function runFile(
  file: string,
  timeoutMs: number,
  { root, env, interrupted, print }: Surroundings,
): Promise<Counts> {
  const startedAt = performance.now()
  const child = spawnBound(process.execPath, [join(root, file)], 'SIGKILL', {
    cwd: root,
    env: { ...env, TAP: '1', TAP_TIMEOUT: String(timeoutMs / 1_000) },
  })
  child.stderr.pipe(process.stderr, { end: false })
  const end = () => child.kill()
  interrupted.addEventListener('abort', end)
  const stuck = setTimeout(() => child.kill('SIGKILL'), stuckFactor * timeoutMs)
  const closed = once(child, 'close')
  const lines: string[] = []
  for await (const line of createInterface({ input: child.stdout })) lines.push(line)
  const [code, signal] = await closed
  clearTimeout(stuck)
  interrupted.removeEventListener('abort', end)

  const counts = countsIn(lines)
  const failed = Math.max(counts?.failed ?? 0, counts === undefined || code !== 0 ? 1 : 0)
  print(`${failed === 0 ? 'ok  ' : 'FAIL'} ${file} (${Math.round(performance.now() - startedAt)} ms)`)
  if (failed > 0) {
    for (const failure of failuresIn(file, lines)) print(failure)
    if (counts === undefined) print(`  ✗ ${file} broke off: ${signal ?? `exit code ${code}`}`)
    else if (counts.failed === 0) print(`  ✗ ${file} ended with ${signal ?? `exit code ${code}`}`)
  }
  return { passed: counts?.passed ?? 0, failed }
}
