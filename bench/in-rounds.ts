/**
 * Measures servers in turn, in rounds whose order rotates, so that none is always first on a machine that slows down or
 * warms up.
 * @module
 */

import { processTree } from '../test/support/process-tree.ts'
import { residentBytes } from '../test/support/sampled-memory.ts'
import { load, pacedLoad } from './load/load.ts'
import type { Load, Traffic } from './load/traffic.ts'
import { cpuMicroseconds } from './measure-cpu.ts'
import { median } from './report.ts'
import type { RunningSubject } from './subjects/subject.ts'

/** One server that is to be measured, and what it is asked. */
export interface Contestant extends RunningSubject {
  readonly name: string
  readonly traffic: Traffic
}

/** One server under load in one round; of several, the median of each figure. */
export interface Measurement extends Omit<Load, 'requests' | 'refused' | 'seconds'> {
  readonly requestsPerSecond: number
  /** Of all its processes, user and system. */
  readonly cpuUsPerRequest: number
  /** Of all its processes, at the end. */
  readonly residentBytes: number
}

export interface Rounds {
  readonly count: number
  readonly seconds: number
}

const firstWarmupSeconds = 2
const warmupSeconds = 1

/** All measurements, by name, in the order of the rounds. */
export async function inRounds(
  contestants: readonly Contestant[],
  { count, seconds }: Rounds,
): Promise<ReadonlyMap<string, readonly Measurement[]>> {
  for (const { url, traffic } of contestants) await load(url, firstWarmupSeconds, traffic)
  const measured = new Map(contestants.map(({ name }) => [name, [] as Measurement[]]))
  for (const contestant of rotated(contestants, count)) {
    await load(contestant.url, warmupSeconds, contestant.traffic)
    measured.get(contestant.name)?.push(await measure(contestant, seconds))
  }
  return measured
}

/** The 99th percentile of each at the same rate, in microseconds: the median of the rounds. */
export async function pacedInRounds(
  contestants: readonly Contestant[],
  { count, seconds }: Rounds,
  rate: number,
): Promise<ReadonlyMap<string, number>> {
  const measured = new Map(contestants.map(({ name }) => [name, [] as number[]]))
  for (const { name, url, traffic } of rotated(contestants, count)) {
    const { p99Us } = await pacedLoad(url, seconds, traffic, rate)
    measured.get(name)?.push(p99Us)
  }
  return new Map([...measured].map(([name, values]) => [name, median(values)]))
}

function rotated(contestants: readonly Contestant[], rounds: number): readonly Contestant[] {
  return Array.from({ length: rounds }, (_, round) => {
    const first = round % contestants.length
    return [...contestants.slice(first), ...contestants.slice(0, first)]
  }).flat()
}

async function measure({ url, pids, traffic }: Contestant, seconds: number): Promise<Measurement> {
  const cpuUs = () => sum(pids, cpuMicroseconds)
  const before = cpuUs()
  const { requests, seconds: took, p50Us, p99Us, p999Us } = await load(url, seconds, traffic)
  return {
    requestsPerSecond: requests / took,
    cpuUsPerRequest: (cpuUs() - before) / requests,
    residentBytes: sum(pids.flatMap(processTree), residentBytes),
    p50Us,
    p99Us,
    p999Us,
  }
}

function sum(pids: readonly number[], of: (pid: number) => number): number {
  return pids.reduce((total, pid) => total + of(pid), 0)
}
