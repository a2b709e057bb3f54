/**
 * The processor time that a subject spends: it holds from run to run within a few per cent where requests
 * per second do not.
 * @module
 */

import { execFileSync } from 'node:child_process'
import { processStat, processTree } from '../test/support/process-tree.ts'

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK']))

/** User and system time of a process and its living descendants, all threads, in microseconds. */
export function cpuMicroseconds(pid: number): number {
  // utime and stime are the 14th and 15th field of the whole line, which starts at the third here.
  return processTree(pid).reduce((sum, member) => sum + microsecondsIn(member, 11), 0)
}

/** The same of descendants that have ended, such as the backends of a database whose clients are gone. */
export function cpuOfEnded(pid: number): number {
  return microsecondsIn(pid, 13)
}

/** Of two fields that follow each other. */
function microsecondsIn(pid: number, field: number): number {
  const [user = 0, system = 0] = processStat(pid)?.slice(field, field + 2) ?? []
  return ((Number(user) + Number(system)) * 1_000_000) / ticksPerSecond
}
