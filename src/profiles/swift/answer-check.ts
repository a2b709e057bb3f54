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
  if (status >= 400 || spansStorage(token) || (request.method !== 'GET' && request.method !== 'HEAD')) return undefined
  const account = accountOf(request)
  if (account === undefined) return undefined
  const [location] = valuesOfHeader(headers, 'content-location')
  const [manifest] = valuesOfHeader(headers, 'x-object-manifest')
  const isSegmented = valuesOfHeader(headers, 'x-static-large-object').length > 0
  if (location !== undefined && !coversTarget(token, location, upstream)) return elsewhere('a symlink')
  if (spansAccounts(token)) return undefined
  if (manifest !== undefined && !coversTarget(token, `/v1/${encodeURIComponent(account)}/${manifest}`, upstream)) {
    return elsewhere('a manifest')
  }
  return isSegmented && !asksForManifest(request) ? elsewhere('segments that the gateway cannot see') : undefined
}

function coversTarget(token: Token, target: string, upstream: string): boolean {
  const path = readSwiftPath(target.replace(/\?.*$/s, ''))
  return 'account' in path && problemOfPlace(token, path, upstream) === undefined
}

/** The list of segments, not what is in them. */
function asksForManifest({ query }: CanonicalRequest): boolean {
  return /[?&]multipart-manifest=get(?:&|$)/.test(query)
}

function elsewhere(what: string): Refusal {
  return refuse('binding_mismatch', `the answer is made of ${what} in a place that the token does not cover`)
}
