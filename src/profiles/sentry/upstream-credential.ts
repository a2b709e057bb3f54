/**
 * What Sentry gets in place of a client's credential: its own tokens as they came, so that it goes on deciding what they
 * may do; in place of the gateway's the one that the settings name, and its system token for the system token alone.
 * @module
 */

import type { SentrySettings } from '../../config/schema/profiles/sentry.ts'
import { valuesOfHeader } from '../../request/header-name.ts'
import { type Refusal, refuse } from '../../request/refusal.ts'
import type { HeaderPairs } from '../../rewrite/identity-headers.ts'
import { isWellFormed } from '../../tokens/token-text.ts'
import type { GrantedRequest } from '../profile.ts'
import { authorizationOf } from './sentry-authorization.ts'
import { placeOf } from './sentry-path.ts'
import { misplaced, words } from './sentry-words.ts'

/** For routes that do not pass the client's credential on by themselves. */
export function sentryCredential(
  { request, grant: { token } }: GrantedRequest,
  { token: sharedToken, systemToken }: SentrySettings,
): HeaderPairs | Refusal {
  if (token === undefined) return []
  if (token.kind === 'system') return inPlaceOf('the system token', systemToken)
  if (!isWellFormed(authorizationOf(request)[1])) {
    return valuesOfHeader(request.rawHeaders, 'authorization').flatMap((value) => ['authorization', value])
  }
  // Sentry would list what the shared token sees, which may be more than one organization.
  if (token.bindings.organization !== undefined && placeOf(request.rawPath).kind === 'organizations') {
    return misplaced(words.outsideOrganizations, 'the list of organizations would be of another token')
  }
  return inPlaceOf('tokens of the gateway', sharedToken)
}

function inPlaceOf(whom: string, text: string): HeaderPairs | Refusal {
  return text === ''
    ? refuse('upstream_login_missing', `no token of Sentry's is set in place of ${whom}`)
    : ['authorization', `Bearer ${text}`]
}
