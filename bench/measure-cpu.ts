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
  let ticks = 0
  for (const member of processTree(pid)) {
    // utime and stime are the 14th and 15th field of the whole line, which starts at the third here.
    const [utime = 0, stime = 0] = processStat(member)?.slice(11, 13) ?? []
    ticks += Number(utime) + Number(stime)
  }
  return (ticks * 1_000_000) / ticksPerSecond
}
