/**
 * What GoCD says, word for word: clients and people search for these sentences.
 * @module
 */

const invalid = 'Invalid Personal Access Token.'

export const sentences = {
  invalid,
  /** The user is not there any more, for whoever vouches for users. */
  gone: `${invalid} Access Token belonging to the user has either been disabled, removed or expired.`,
  disabled: 'Your account has been disabled by the administrator',
  unauthenticated: 'You are not authenticated!',
  unauthorized: 'You are not authorized to access this resource!',
  badLogin:
    'Invalid credentials. Either your username and password are incorrect, or there is a problem with your browser cookies. Please check with your administrator.',
  malformedLogin: 'Invalid basic authentication credentials specified in request.',
  byToken: 'Unsupported operation: Accessing this API using access token is forbidden.',
  forbidden: 'You are not authorized to perform this action.',
  notFound: 'The url you are trying to reach appears to be incorrect.',
  securityOff: 'Security must be enabled for this feature to work!',
  revokedAlready: 'Access token has already been revoked!',
  blank: 'must not be blank',
  malformedBody: 'Payload data is not valid JSON.',
} as const

/** For whoever has the secret; to all others a revoked token is an invalid one. */
export function revokedSentence(revokedAt: number): string {
  return `${invalid} Access token was revoked at: ${timestamp(revokedAt)}`
}

export function unknownToken(id: string): string {
  return `Access token with id '${id}' was not found!`
}

export function unknownFilter(value: string, filters: readonly string[]): string {
  const valid = filters.join(', ')
  return `Value \`${value}\` is not allowed for query parameter named \`filter\`. Valid values are ${valid}.`
}

/** `2019-02-18 10:25:30.123`, in UTC. */
function timestamp(at: number): string {
  return new Date(at).toISOString().replace('T', ' ').replace('Z', '')
}
