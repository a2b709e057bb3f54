/**
 * A process and all its descendants, read from /proc: PostgreSQL puts every backend into a session of its
 * own, so that signalling a process group would miss them.
 * @module
 */

import { readdirSync, readFileSync } from 'node:fs'

/** The pid given and those of all its descendants that are alive, parents before children. */
export function processTree(root: number): readonly number[] {
  const children = Map.groupBy(allProcesses(), ({ parent }) => parent)
  const pids = [root]
  for (const pid of pids) pids.push(...(children.get(pid) ?? []).map((child) => child.pid))
  return pids
}

/**
 * The fields of /proc/PID/stat from the third (the state) on; `undefined` when the process is gone. The name
 * of the program, which may itself hold spaces and parentheses, is left out.
 */
export function processStat(pid: number): readonly string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}

/** Sends a signal to the process and all its descendants; those that are gone already are passed over. */
export function signalTree(root: number, signal: NodeJS.Signals): void {
  // Twice, because a parent that was not yet stopped in the first pass may have forked behind the list.
  for (const pid of processTree(root)) send(pid, signal)
  for (const pid of processTree(root)) send(pid, signal)
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function allProcesses(): { pid: number; parent: number }[] {
  return readdirSync('/proc').flatMap((entry) => {
    const stat = /^\d+$/.test(entry) ? processStat(Number(entry)) : undefined
    return stat === undefined || stat[0] === 'Z' ? [] : [{ pid: Number(entry), parent: Number(stat[1]) }]
  })
}
