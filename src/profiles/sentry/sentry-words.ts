/**
 * What Sentry says to whom it does not let in, sentence for sentence (sentry/api/authentication.py, and the base of it
 * in Django REST framework).
 * @module
 */

import { type Refusal, refuse } from '../../request/refusal.ts'

export const words = {
  noCredentials: 'Authentication credentials were not provided.',
  emptyToken: 'Invalid token header. No credentials provided.',
  spacedToken: 'Invalid token header. Token string should not contain spaces.',
  emptyBasic: 'Invalid basic header. No credentials provided.',
  spacedBasic: 'Invalid basic header. Credentials string should not contain spaces.',
  unreadableBasic: 'Invalid basic header. Credentials not correctly base64 encoded.',
  invalidToken: 'Invalid token',
  expiredToken: 'Token expired',
  inactiveUser: 'User inactive or deleted',
  inactiveApplication: 'UserApplication inactive or deleted',
  invalidOrgToken: 'Invalid org token',
  invalidDsn: 'Invalid dsn',
  unknownKey: 'API key is not valid',
  disabledKey: 'Key is disabled',
  otherOrganization: 'Unauthorized organization access.',
  outsideOrganizations: 'This token access is limited to organization endpoints.',
  noOrganization: 'Cannot resolve organization from token.',
  notPermitted: 'You do not have permission to perform this action.',
  notFound: 'The requested resource does not exist',
} as const

/** A credential that is none, in the words of Sentry; `reason` is for the log. */
export function invalid(detail: string, reason: string): Refusal {
  return refuse('invalid_token', reason, { detail })
}

/** A token that is good, and not for this place. Sentry tells both alike, with 401. */
export function misplaced(detail: string, reason: string): Refusal {
  return refuse('binding_mismatch', reason, { detail })
}
