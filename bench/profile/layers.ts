/**
 * Whose time it is: the kernel's, Node's, a package's, or that of one of our stages.
 * @module
 */

import type { Call } from './cpu-profile.ts'

/** What `net` and `http` call to send; nearly all of it is the system call. */
const sending = /^(writev|write(Buffer|Utf8String|Latin1String|AsciiString))$/
const http = /^node:(_http|internal\/http)/
const plumbing =
  /^node:(events|net|stream|timers|buffer|async_hooks|internal\/(streams|stream_base|timers|process|async_|net|event|buffer|util|abort|url|perf))/

export function layerOf({ name, url }: Call): string {
  if (url === '') return nativeLayer(name)
  const [, packageName] = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url) ?? []
  if (packageName !== undefined) return packageName === 'fastify' ? 'Fastify' : `package ${packageName}`
  const [, folder] = /\/(?:src|dist)\/(.+?)(?:\/[^/]+)?$/.exec(url) ?? []
  if (folder !== undefined) return `ours: ${folder.split('/', 1)[0]?.replace(/\.[jt]s$/, '')}`
  if (http.test(url)) return 'Node: http'
  return plumbing.test(url) ? 'Node: events, streams, timers, sockets' : 'Node: other'
}

function nativeLayer(name: string): string {
  if (sending.test(name)) return 'kernel: sending'
  if (name === '(garbage collector)') return 'garbage collection'
  // Where no JavaScript runs: the event loop, polling and receiving.
  if (name === '(program)') return 'event loop and receiving'
  return 'Node: native functions'
}

/** Microseconds of each layer, the greatest first. */
export function timeByLayer(root: Call): ReadonlyMap<string, number> {
  const times = new Map<string, number>()
  const visit = (call: Call): void => {
    if (call.selfUs > 0) times.set(layerOf(call), (times.get(layerOf(call)) ?? 0) + call.selfUs)
    for (const callee of call.callees.values()) visit(callee)
  }
  visit(root)
  return new Map([...times].toSorted(([, a], [, b]) => b - a))
}
