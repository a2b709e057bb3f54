/**
 * Route tables written in one line each, and what they make of a raw request.
 * @module
 */

import type { CanonicalRequest } from '../../../src/request/canonical-request.ts'
import { isRefusal } from '../../../src/request/refusal.ts'
import { canonicalHost } from '../../../src/route/canonical-host.ts'
import { parseHostPattern } from '../../../src/route/host-pattern.ts'
import { parsePattern } from '../../../src/route/path-pattern.ts'
import { type PathMode, type Route, RouteTable } from '../../../src/route/route-table.ts'

/** A route's name is its key; the pattern stands alone or with what else it matches. */
export type Routes = Readonly<
  Record<
    string,
    | string
    | {
        readonly path: string
        readonly hosts?: readonly string[]
        readonly methods?: readonly string[]
        readonly pathMode?: PathMode
      }
  >
>

export function tableOf(routes: Routes): RouteTable<string> {
  return new RouteTable(
    Object.entries(routes).map(([name, given]) => {
      const {
        path,
        hosts,
        methods,
        pathMode = 'strict',
      } = typeof given === 'string' ? { path: given } : given
      const pieces = parsePattern(path)
      return {
        name,
        hosts: hosts?.map(parseHostPattern),
        methods: methods && new Set(methods),
        pieces,
        pathMode,
        plan: name,
      }
    }),
  )
}

/** The route that a request takes, or the code of its refusal. */
export function matched(
  table: RouteTable<string>,
  rawPath: string,
  { method = 'GET', host = 'any.example' } = {},
): Route<string> | string {
  const authority = canonicalHost(host)
  if (authority === undefined) throw new Error(`${host} is not a host`)
  const request: CanonicalRequest = {
    method,
    ...authority,
    rawPath,
    query: '',
    rawHeaders: [],
    hasUnderscoreName: false,
    hasBody: false,
    contentLength: undefined,
  }
  const found = table.match(request)
  return isRefusal(found) ? found.code : found
}

/** The name of the route, or the code of the refusal. */
export function nameOf(found: Route<string> | string): string {
  return typeof found === 'string' ? found : found.name
}
