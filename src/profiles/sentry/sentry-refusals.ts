/**
 * Refusals as Sentry sends them: `{"detail": …}`, 401 for every credential that does not do, and a challenge that no
 * browser asks a password for.
 * @module
 */

import type { Credential } from '../../authenticate/credential.ts'
import type { Refusal } from '../../request/refusal.ts'
import type { RefusalMessage } from '../../request/refusal-message.ts'
import type { Token } from '../../tokens/token.ts'
import { unknownTokenWords } from './sentry-authorization.ts'
import { words } from './sentry-words.ts'

const challenge = 'xBasic realm="api"'

/** Says why a credential is none, as the authenticator of its form does. `now`: milliseconds since the epoch. */
export function explainSentryRefusal(refusal: Refusal, credential: Credential, now: number): Refusal {
  return { ...refusal, detail: detailOf(refusal, credential, now) }
}

function detailOf({ found }: Refusal, { scheme, secret }: Credential, now: number): string {
  switch (scheme) {
    case 'dsn':
    case 'auth-param':
    case 'query':
      return words.invalidDsn
    case 'basic':
      return found?.token.kind === 'organization' && found.state !== 'subject-deleted'
        ? words.disabledKey
        : words.unknownKey
    case 'bearer':
    case 'token':
    case 'api-key':
    case 'header':
      return found === undefined || found.state === 'revoked' || found.token.kind === 'organization'
        ? unknownTokenWords(secret.reveal())
        : endOf(found.token, now)
    default:
      return scheme satisfies never
  }
}

/** Why a user's token has ended. An application is a subject of kind `service`, and its tokens are that subject's. */
function endOf({ expiresAt, subject }: Token, now: number): string {
  if (expiresAt !== undefined && now >= expiresAt) return words.expiredToken
  return subject.kind === 'service' ? words.inactiveApplication : words.inactiveUser
}

/** Anything but a matter of credentials and rights has the status and the sentence of the gateway. */
export function renderSentryRefusal(refusal: Refusal, requestId: string): RefusalMessage {
  const [status, detail] = answerTo(refusal)
  const body = JSON.stringify({ detail })
  const headers = [
    ...['Content-Type', 'application/json', 'Content-Length', String(Buffer.byteLength(body))],
    ...['Cache-Control', 'no-store', 'X-Request-Id', requestId],
  ]
  if (status === 401) headers.push('WWW-Authenticate', challenge)
  const { retryAfterSeconds } = refusal
  if (retryAfterSeconds !== undefined) headers.push('Retry-After', String(retryAfterSeconds))
  return { status, body, headers }
}

function answerTo({ code, status, title, detail }: Refusal): readonly [status: number, detail: string] {
  switch (code) {
    case 'credential_required':
      return [401, words.noCredentials]
    case 'invalid_token':
    case 'kind_not_allowed':
      return [401, detail ?? words.invalidToken]
    case 'malformed_credential':
      // Only a key in the query or in a header of its own: what `Authorization` says is read here.
      return [401, words.invalidDsn]
    case 'binding_mismatch':
      return detail === undefined ? [403, words.notPermitted] : [401, detail]
    case 'not_found':
      return [404, words.notFound]
    default:
      return [status, status === 403 ? words.notPermitted : title]
  }
}
