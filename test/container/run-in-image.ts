/**
 * Processes in an image, run as its configuration says: its entry point, user, folder and environment, on a root that
 * is read-only, as process 1 of their own name space. The network is the machine's.
 * @module
 */

import { join } from 'node:path'
import type { Scope } from '../support/private-server.ts'
import { processTree } from '../support/process-tree.ts'
import { runProcess } from '../support/run-process.ts'
import { until } from '../support/until.ts'
import type { Image } from './image.ts'

export interface Mount {
  readonly source: string
  /** Absolute, in the image. */
  readonly target: string
  readonly mode: 'ro' | 'rw'
}

export interface RunOptions {
  /** In place of the image's own. */
  readonly entrypoint?: readonly string[]
  readonly command?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly mounts?: readonly Mount[]
}

export interface Contained {
  output(): string
  /** Resolves with the exit code, or with the name of the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>
  /** To process 1 itself, as an engine sends it. */
  signal(name: NodeJS.Signals): void
}

/** Starts it; it is killed when the test is over. */
export async function startInImage(t: Scope, image: Image, options: RunOptions = {}): Promise<Contained> {
  const { config, root } = image
  const { entrypoint = config.Entrypoint, command = config.Cmd, env = {}, mounts = [] } = options
  const places = mounts.flatMap(({ source, target, mode }) => [source, target, mode])
  const enter = [join(import.meta.dirname, 'enter.sh'), root, config.WorkingDir, ...config.User.split(':')]
  const assignments = [...config.Env, ...Object.entries(env).map(([name, value]) => `${name}=${value}`)]
  // A clean environment: tap gives every process below it one of its own modules to load.
  const running = await runProcess('env', {
    args: [
      ...['--ignore-environment', ...assignments],
      ...['unshare', '--mount', '--pid', '--fork', '--kill-child', 'sh', ...enter],
      ...[...places, '--', ...entrypoint, ...command],
    ],
  })
  t.teardown(() => running.kill())
  const first = () => processTree(running.pid)[1]
  return {
    output: running.output,
    ended: running.ended,
    signal: (name) => {
      const pid = first()
      if (pid !== undefined) process.kill(pid, name)
    },
  }
}

/** Runs it to its end. */
export async function runInImage(
  t: Scope,
  image: Image,
  options: RunOptions,
): Promise<{ readonly code: number | NodeJS.Signals; readonly output: string }> {
  const contained = await startInImage(t, image, options)
  return { code: await contained.ended, output: contained.output() }
}

/** Waits until the image's own health check is content. Throws with what the process said when it never is. */
export async function untilHealthy(
  t: Scope,
  image: Image,
  { output }: Contained,
  env: Readonly<Record<string, string>>,
): Promise<void> {
  const [, ...entrypoint] = image.config.Healthcheck.Test
  const isHealthy = async () => (await runInImage(t, image, { entrypoint, command: [], env })).code === 0
  await until(isHealthy, 30_000).catch(() => {
    throw new Error(`never healthy: ${output()}`)
  })
}
