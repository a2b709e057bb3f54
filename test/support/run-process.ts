/**
 * Starts programs that never outlive this process: they are ended by pid when asked, when this process
 * exits, and (where setpriv(1) exists) also when it is killed.
 * @module
 */

import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Readable } from 'node:stream'
import { signalTree } from './process-tree.ts'

export interface ProcessOptions {
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
  /** Numeric ids to run as; omitted means the present user. */
  readonly user?: { readonly uid: number; readonly gid: number }
  /** What asks the program to end in good order. */
  readonly stopSignal?: NodeJS.Signals
  /** What ends it at once, together with everything it started. */
  readonly abandonSignal?: NodeJS.Signals
}

export interface RunningProcess {
  readonly pid: number
  /** Standard output and standard error so far, at most the last 64 KiB. */
  output(): string
  /** Resolves with the exit code, or with the name of the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>
  /** Ends it in good order, by force after ten seconds. Idempotent. */
  stop(): Promise<void>
  /** SIGKILL to it and all its descendants. */
  kill(): Promise<void>
}

const outputLengthMax = 65_536
const stopDeadlineMs = 10_000
const abandonAll = new Set<() => void>()
process.once('exit', () => {
  for (const abandon of abandonAll) abandon()
})

/** Starts a program with both its outputs captured. */
export async function runProcess(command: string, options: ProcessOptions = {}): Promise<RunningProcess> {
  const { args = [], stopSignal = 'SIGTERM', abandonSignal = 'SIGKILL' } = options
  const child = spawnBound(command, args, abandonSignal, options)
  const output = tailOf(child)
  await once(child, 'spawn')
  const pid = child.pid ?? 0

  const abandon = () => {
    signalTree(pid, 'SIGCONT')
    if (abandonSignal === 'SIGKILL') signalTree(pid, abandonSignal)
    else child.kill(abandonSignal)
  }
  abandonAll.add(abandon)
  let isAlive = true
  child.once('exit', () => {
    isAlive = false
    abandonAll.delete(abandon)
  })
  const ended = once(child, 'close').then(([code, signal]) => code ?? signal)

  // The pid of a process that ended may belong to somebody else: it gets no signal.
  async function kill(): Promise<void> {
    if (isAlive) signalTree(pid, 'SIGKILL')
    await ended
  }
  async function stop(): Promise<void> {
    // A process that was frozen acts on no signal but this one and SIGKILL.
    if (isAlive) signalTree(pid, 'SIGCONT')
    child.kill(stopSignal)
    const deadline = setTimeout(kill, stopDeadlineMs)
    await ended
    clearTimeout(deadline)
  }
  return { pid, output, ended, stop, kill }
}

function tailOf(child: ChildProcessByStdio<null, Readable, Readable>): () => string {
  let tail = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      tail = (tail + text).slice(-outputLengthMax)
    })
  }
  return () => tail
}

/** The path of a program in PATH or in the folders where Debian keeps servers. */
export function findProgram(name: string, folders: readonly string[] = []): string | undefined {
  return [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/bin', ...folders]
    .map((folder) => join(folder, name))
    .find(existsSync)
}

/** Starts a program that gets a signal when this process is gone, however that ended. */
export function spawnBound(
  command: string,
  args: readonly string[],
  deathSignal: NodeJS.Signals,
  { env, cwd, user }: ProcessOptions,
): ChildProcessByStdio<null, Readable, Readable> {
  const setpriv = findProgram('setpriv')
  const words =
    setpriv === undefined
      ? [command, ...args]
      : [setpriv, '--pdeathsig', deathSignal.slice(3), '--', command, ...args]
  const [program = command, ...rest] = words
  return spawn(program, rest, {
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that Ctrl-C in a terminal reaches only the process that decides what to stop.
    detached: true,
    env: { ...process.env, ...env },
    ...(cwd === undefined ? {} : { cwd }),
    ...user,
  })
}
