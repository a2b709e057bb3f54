/**
 * `WWW-Authenticate` of a route: one challenge for each way in which it takes a credential (RFC 9110 section
 * 11.6.1), with RFC 6750's error codes for bearer tokens.
 * @module
 */

import type { CredentialSource } from '../config/schema/routes.ts'

/** Ready-made values for one route. */
export interface Challenges {
  /** Nothing was presented: no error code (RFC 6750 section 3.1). */
  readonly required: string
  /** Unknown, expired and revoked alike. */
  readonly invalidToken: string
  readonly insufficientScope: string
}

const schemeNames = {
  bearer: 'Bearer',
  token: 'Token',
  'api-key': 'Api-Key',
  dsn: 'DSN',
  basic: 'Basic',
} as const

/** Compile the challenges of a route. `scopes` are those that the route asks for. */
export function compileChallenges(
  sources: readonly CredentialSource[],
  realm: string,
  scopes: readonly string[],
): Challenges {
  const challenge = (error: string) => {
    const each = sources.map((source) => challengeOf(source, realm, error))
    return [...new Set(each)].join(', ') || `Bearer realm="${realm}"`
  }
  const scope = scopes.filter((text) => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(text)).join(' ')
  return {
    required: challenge(''),
    invalidToken: challenge(', error="invalid_token"'),
    insufficientScope: challenge(`, error="insufficient_scope"${scope === '' ? '' : `, scope="${scope}"`}`),
  }
}

function challengeOf(source: CredentialSource, realm: string, bearerError: string): string {
  if (source === 'bearer') return `Bearer realm="${realm}"${bearerError}`
  if (source === 'basic') return `Basic realm="${realm}", charset="UTF-8"`
  if (typeof source === 'string') return `${schemeNames[source]} realm="${realm}"`
  if ('parameter' in source) return `${source.scheme} realm="${realm}"`
  if ('header' in source) return `ApiKey realm="${realm}", in="header", name="${source.header}"`
  return `ApiKey realm="${realm}", in="query", name="${source.query}"`
}
