/**
 * The one spelling of a request's host: lower case, no trailing dot. It is matched, logged and forwarded.
 * @module
 */

import { isIPv6 } from 'node:net'

/** A host as it is matched, and with its port as it is forwarded. */
export interface CanonicalHost {
  readonly host: string
  readonly authority: string
}

const grammar = /^(?:([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)\.?|\[([0-9A-Fa-f:.]{2,45})\])(?::([0-9]{1,5}))?$/
const remembered = new Map<string, CanonicalHost>()
const rememberedMax = 1024

/** Read a `Host` field value (RFC 9110 section 7.2); `undefined` when it is not a host with an optional port. */
export function canonicalHost(value: string): CanonicalHost | undefined {
  const known = remembered.get(value)
  if (known !== undefined) return known
  const found = value.length <= 255 ? read(value) : undefined
  if (found !== undefined) {
    // A client can make up hosts without end, so the memory is emptied when it is full.
    if (remembered.size >= rememberedMax) remembered.clear()
    remembered.set(value, found)
  }
  return found
}

function read(value: string): CanonicalHost | undefined {
  const [, name, literal, port] = grammar.exec(value) ?? []
  if (name === undefined && !isIPv6(literal ?? '')) return undefined
  if (port !== undefined && (Number(port) > 65_535 || Number(port) === 0)) return undefined
  const host = (name ?? `[${literal}]`).toLowerCase()
  return { host, authority: port === undefined ? host : `${host}:${Number(port)}` }
}
