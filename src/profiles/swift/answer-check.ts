/**
 * What Swift's answers show of another place than the request named: that is for the tokens that cover that place, too.
 * @module
 */

import type { UpstreamHead } from '../../forward/upstream-client.ts'
import type { CanonicalRequest } from '../../request/canonical-request.ts'
import { valuesOfHeader } from '../../request/header-name.ts'
import { type Refusal, refuse } from '../../request/refusal.ts'
import type { Token } from '../../tokens/token.ts'
import { problemOfPlace, spansAccounts, spansStorage } from './coverage.ts'
import { parametersOf } from './swift-fields.ts'
import { readSwiftPath } from './swift-path.ts'

const segmentNames = ['x-object-manifest', 'x-static-large-object']

/**
 * Why an answer to GET or HEAD must not reach the holder of the token. Swift reads through symlinks and manifests with the standing of
 * the subject, which may exceed the token's.
 */
export function problemOfAnswer(
  { status, headers }: Pick<UpstreamHead, 'status' | 'headers'>,
  request: Pick<CanonicalRequest, 'query'>,
  token: Token,
  upstream: string,
): Refusal | undefined {
  if (spansStorage(token, upstream)) return undefined
  // Whatever the status: a 304, 412 or 416 tells of the contents, too, and a 404 of what is not there.
  const isElsewhere = (target: string) => !coversTarget(token, target, upstream)
  if (valuesOfHeader(headers, 'content-location').some(isElsewhere)) return elsewhere('a symlink')
  if (spansAccounts(token) || asksForManifest(request)) return undefined
  // Segments may be manifests themselves: where the bytes come from is Swift's to know.
  // Of a range that does not fit, Swift says no more than how long the whole is.
  if (status === 416) return elsewhere('segments, maybe,')
  const isSegmented = segmentNames.some((name) => valuesOfHeader(headers, name).length > 0)
  return isSegmented ? elsewhere('segments') : undefined
}

function coversTarget(token: Token, target: string, upstream: string): boolean {
  const path = readSwiftPath(target.replace(/\?.*$/s, ''))
  return 'account' in path && problemOfPlace(token, path, upstream) === undefined
}

/**
 * The list of segments, not what is in them. Of a repeated parameter Swift takes the last; where it splits at `;`
 * depends on its Python.
 */
function asksForManifest({ query }: Pick<CanonicalRequest, 'query'>): boolean {
  if (query.includes(';')) return false
  const values = parametersOf(query.slice(1)).filter(([name]) => name === 'multipart-manifest')
  return values.length > 0 && values.every(([, value]) => value === 'get')
}

function elsewhere(what: string): Refusal {
  return refuse('binding_mismatch', `the answer is made of ${what} in a place that the token does not cover`)
}
