/**
 * How much memory a process takes while something happens to it, sampled from /proc.
 * @module
 */

import { readFileSync } from 'node:fs'

export interface MemoryUse {
  readonly startBytes: number
  readonly maxBytes: number
  /** The maximum less what it was at the start. */
  readonly growthBytes: number
}

/** Resident memory of a process right now, in bytes. Throws when there is no such process. */
export function residentBytes(pid: number): number {
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? []
  if (kibibytes === undefined) throw new Error(`process ${pid} has no memory: it has ended`)
  return Number(kibibytes) * 1024
}

/** Samples from now until the function returned is called, which yields what was seen. */
export function sampleMemory(pid: number, intervalMs = 20): () => MemoryUse {
  const startBytes = residentBytes(pid)
  let maxBytes = startBytes
  const sample = () => {
    maxBytes = Math.max(maxBytes, residentBytes(pid))
  }
  const timer = setInterval(sample, intervalMs)
  return () => {
    clearInterval(timer)
    sample()
    return { startBytes, maxBytes, growthBytes: maxBytes - startBytes }
  }
}
