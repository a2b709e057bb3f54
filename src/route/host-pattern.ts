/**
 * The hosts of a route, as the settings write them: a name, an address, or `*.` and a suffix.
 * @module
 */

import { canonicalHost } from './canonical-host.ts'

/**
 * The one spelling of a host pattern. Throws a `RangeError` for what no request's host could ever equal: a port, a
 * scheme, a star elsewhere.
 */
export function parseHostPattern(pattern: string): string {
  const isSuffix = pattern.startsWith('*.')
  const found = canonicalHost(isSuffix ? pattern.slice(2) : pattern)
  if (found === undefined || found.authority !== found.host) {
    throw new RangeError(`«${pattern}» is not a host: write example.org or *.example.org, without a port`)
  }
  return isSuffix ? `*.${found.host}` : found.host
}
