/**
 * Bodies down and up. Those that come up are read to their end by the service before it answers.
 * @module
 */

import { memoryHit } from './memory-hit.ts'
import type { Scenario } from './scenario.ts'

export const downloads: readonly Scenario[] = [
  download('1 KiB', 1024, 64),
  download('64 KiB', 65_536, 64),
  // A connection more holds up to 10 MiB more of the machine.
  download('10 MiB', 10_485_760, 4),
]

export const uploads: readonly Scenario[] = [
  upload('1 KiB', 1024, 64),
  upload('64 KiB', 65_536, 64),
  upload('10 MiB', 10_485_760, 4),
]

function download(size: string, bytes: number, connections: number): Scenario {
  return {
    ...memoryHit,
    name: `down-${nameOf(size)}`,
    title: `${size} down`,
    traffic: { ...memoryHit.traffic, path: `/bytes/${bytes}`, connections },
    isPaced: false,
  }
}

function upload(size: string, bytes: number, connections: number): Scenario {
  return {
    ...memoryHit,
    name: `up-${nameOf(size)}`,
    title: `${size} up`,
    upstream: 'node',
    traffic: { ...memoryHit.traffic, method: 'PUT', bodyBytes: bytes, connections },
    isPaced: false,
  }
}

function nameOf(size: string): string {
  return size.replace(' ', '').replace('iB', '').toLowerCase()
}
