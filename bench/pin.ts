/**
 * Which core a process may use: the subject has one to itself, load and upstream share the other.
 * @module
 */

import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { processTree } from '../test/support/process-tree.ts'
import { findProgram } from '../test/support/run-process.ts'

const taskset = findProgram('taskset')

/** Of the processes that are measured; of all others. */
export const subjectCore = 0
export const loadCore = 1

/** Whether processes are pinned on this machine: with taskset(1) and two cores at least. */
export const canPin = taskset !== undefined && availableParallelism() > 1

/** Every core, for processes that are to share them. */
export const allCores = `0-${availableParallelism() - 1}`

/** Pins all threads of a process and of its descendants; what they start later inherits it. */
export function pin(pid: number, core: number | typeof allCores): void {
  if (!canPin || taskset === undefined) return
  for (const member of processTree(pid)) {
    const { status, stderr } = spawnSync(taskset, ['-apc', String(core), String(member)], {
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(`cannot pin process ${member}: ${stderr}`)
  }
}
