/**
 * What is made of Swift's answers: a token of Swift's that it takes no longer is replaced, and what an answer shows of
 * another place than the request named is for the tokens that cover that place, too.
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
import { accountOf } from './swift-request.ts'

/**
 * Why an answer must not reach the holder of the token. Swift reads through symlinks and manifests with the standing of
 * the subject, which may exceed the token's.
 */
export function problemOfAnswer(
  { status, headers }: UpstreamHead,
  request: CanonicalRequest,
  token: Token,
  upstream: string,
): Refusal | undefined {
  if (status >= 400 || spansStorage(token) || (request.method !== 'GET' && request.method !== 'HEAD'))
    return undefined
  const account = accountOf(request)
  if (account === undefined) return undefined
  const [location] = valuesOfHeader(headers, 'content-location')
  const [manifest] = valuesOfHeader(headers, 'x-object-manifest')
  const isSegmented = valuesOfHeader(headers, 'x-static-large-object').length > 0
  if (location !== undefined && !coversTarget(token, location, upstream)) return elsewhere('a symlink')
  if (spansAccounts(token) || asksForManifest(request)) return undefined
  // Segments may be manifests themselves: where the bytes come from is Swift's to know.
  return manifest !== undefined || isSegmented ? elsewhere('segments') : undefined
}

function coversTarget(token: Token, target: string, upstream: string): boolean {
  const path = readSwiftPath(target.replace(/\?.*$/s, ''))
  return 'account' in path && problemOfPlace(token, path, upstream) === undefined
}

/** The list of segments, not what is in them. Of a repeated parameter Swift takes the last. */
function asksForManifest({ query }: CanonicalRequest): boolean {
  const values = parametersOf(query.slice(1)).filter(([name]) => name === 'multipart-manifest')
  return values.length > 0 && values.every(([, value]) => value === 'get')
}

function elsewhere(what: string): Refusal {
  return refuse('binding_mismatch', `the answer is made of ${what} in a place that the token does not cover`)
}
