/**
 * Reads what `node --cpu-prof` writes: as one tree of calls, with the time that each took by itself within a span.
 * @module
 */

interface ProfileNode {
  readonly id: number
  readonly callFrame: { readonly functionName: string; readonly url: string }
  readonly children?: readonly number[]
}

/** The part of a `.cpuprofile` that is read; times are microseconds of the monotonic clock. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[]
  readonly startTime: number
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

/** A function, called by the one above it. Functions that are called from there by the same name are one. */
export interface Call {
  readonly name: string
  /** Of the script; empty for what is not JavaScript. */
  readonly url: string
  selfUs: number
  readonly callees: Map<string, Call>
}

/** Without what was idle. */
export function callsBetween(profile: CpuProfile, fromUs: number, toUs: number): Call {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]))
  const calls = new Map<number, Call>()
  const root = newCall('gateway', '')
  const enter = (id: number, caller: Call): void => {
    const node = nodes.get(id)
    if (node === undefined) return
    const { functionName, url } = node.callFrame
    const name = functionName || '(anonymous)'
    const key = `${name} ${url}`
    const call = caller.callees.get(key) ?? newCall(name, url)
    caller.callees.set(key, call)
    calls.set(id, call)
    for (const child of node.children ?? []) enter(child, call)
  }
  for (const child of profile.nodes[0]?.children ?? []) enter(child, root)
  let now = profile.startTime
  for (const [index, id] of profile.samples.entries()) {
    const deltaUs = profile.timeDeltas[index + 1] ?? 0
    now += profile.timeDeltas[index] ?? 0
    const call = calls.get(id)
    if (call !== undefined && call.name !== '(idle)' && now >= fromUs && now < toUs) call.selfUs += deltaUs
  }
  return root
}

/** Of the call and all that it called. */
export function totalUs(call: Call): number {
  let total = call.selfUs
  for (const callee of call.callees.values()) total += totalUs(callee)
  return total
}

function newCall(name: string, url: string): Call {
  return { name, url, selfUs: 0, callees: new Map() }
}
