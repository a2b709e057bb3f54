/**
 * Headers that only an owner may send or see, as one route guards them, and their translation between the
 * client's name and the upstream's.
 * @module
 */

import type { RouteSettings } from '../config/schema/routes.ts'

/** The headers that OpenStack Swift shows and takes from account owners alone (`swift_owner_headers`). */
export const defaultPrivilegedHeaders: readonly string[] = [
  'x-account-access-control',
  'x-account-meta-temp-url-key',
  'x-account-meta-temp-url-key-2',
  'x-container-meta-temp-url-key',
  'x-container-meta-temp-url-key-2',
  'x-container-read',
  'x-container-write',
  'x-container-sync-key',
  'x-container-sync-to',
]

/** What a guarded header is, seen from one side. */
export type Guard =
  /** Everybody may send and see it. */
  | 'none'
  /** Only between gateway and upstream: never taken from a client, never shown under this name. */
  | 'internal'
  /** Only an owner may send and see it. */
  | 'privileged'

/** The guard of one route. All names in lower case with `-`. */
export interface PrivilegedHeaders {
  readonly guardOf: (folded: string) => Guard
  /** The upstream's name of a header that an owner sends, or asks to remove. */
  readonly toUpstream: ReadonlyMap<string, string>
  /** The client's name of a header that the upstream sends. */
  readonly toClient: ReadonlyMap<string, string>
}

/** Compile `privilegedHeaders` of a route. Throws a `RangeError` where a translation has no single meaning. */
export function compilePrivilegedHeaders(settings: RouteSettings['privilegedHeaders']): PrivilegedHeaders {
  const translated = new Map(Object.entries(settings.translate))
  const toClient = new Map([...translated].map(([client, upstream]) => [upstream, client]))
  if (toClient.size < translated.size) throw new RangeError('two headers are translated to the same name')
  const twoWay = [...toClient.keys()].find((name) => translated.has(name))
  if (twoWay !== undefined) throw new RangeError(`${twoWay} is both a client's name and an upstream's name`)

  const names = new Set([...(settings.names ?? defaultPrivilegedHeaders), ...translated.keys()])
  const isNamed = (folded: string) =>
    names.has(folded) || settings.prefixes.some((prefix) => folded.startsWith(prefix))
  const removal = (folded: string) =>
    settings.removePrefixes
      .filter((prefix) => folded.startsWith(prefix))
      .map((prefix) => `x-${folded.slice(prefix.length)}`)

  const guardOf = (folded: string): Guard => {
    if (toClient.has(folded) || removal(folded).some((name) => toClient.has(name))) return 'internal'
    return isNamed(folded) || removal(folded).some(isNamed) ? 'privileged' : 'none'
  }
  const toUpstream = new Map([...translated, ...removalsOf(translated, settings.removePrefixes)])
  return { guardOf, toUpstream, toClient }
}

/** The same, with more headers that pass between gateway and upstream alone. */
export function guardInternal(
  privileged: PrivilegedHeaders,
  isInternal: ((folded: string) => boolean) | undefined,
): PrivilegedHeaders {
  if (isInternal === undefined) return privileged
  return {
    ...privileged,
    guardOf: (folded) => (isInternal(folded) ? 'internal' : privileged.guardOf(folded)),
  }
}

/** To remove the client's header is to remove the upstream's, which does not know the other name. */
function removalsOf(
  translated: ReadonlyMap<string, string>,
  removePrefixes: readonly string[],
): readonly (readonly [client: string, upstream: string])[] {
  return [...translated].flatMap(([client, upstream]) =>
    client.startsWith('x-') && upstream.startsWith('x-')
      ? removePrefixes.map((prefix) => [prefix + client.slice(2), prefix + upstream.slice(2)] as const)
      : [],
  )
}
