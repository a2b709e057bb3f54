/**
 * The gateway's refusals in the words and the form of GoCD, so that its clients read them as they read its own.
 * @module
 */

import type { CanonicalRequest } from '../../request/canonical-request.ts'
import { valuesOfHeader } from '../../request/header-name.ts'
import type { Refusal } from '../../request/refusal.ts'
import type { RefusalMessage } from '../../request/refusal-message.ts'
import { messageType } from './accept.ts'
import { pathOf } from './gocd-path.ts'
import { revokedSentence, sentences } from './gocd-sentences.ts'

/** Asks for a login; a refused token is answered without. */
export const basicChallenge = 'Basic realm="GoCD"'

/** Only whoever has the secret of a token gets here with its record; of a deleted user nothing is told. */
export function explainGocdRefusal(refusal: Refusal): Refusal {
  return { ...refusal, detail: whyInvalid(refusal.found) }
}

function whyInvalid(found: Refusal['found']): string {
  if (found === undefined || found.token.subject.status === 'deleted') return sentences.invalid
  const { token, state } = found
  if (state === 'revoked' && token.revokedAt !== undefined) return revokedSentence(token.revokedAt)
  return state === 'subject-disabled' ? sentences.disabled : sentences.invalid
}

export function renderGocdRefusal(
  refusal: Refusal,
  requestId: string,
  request: CanonicalRequest,
): RefusalMessage {
  const type = messageType(request)
  const message = messageOf(refusal, request)
  const body = type.endsWith('xml') ? xmlOf(message) : JSON.stringify({ message }, null, 2)
  const headers = [
    'content-type',
    `${type};charset=utf-8`,
    'content-length',
    String(Buffer.byteLength(body)),
    'cache-control',
    'no-store',
    'x-request-id',
    requestId,
  ]
  const { challenge, retryAfterSeconds } = refusal
  // A script of a page would have the browser ask for a password.
  if (challenge === basicChallenge && !isOfScript(request)) headers.push('www-authenticate', challenge)
  if (retryAfterSeconds !== undefined) headers.push('retry-after', String(retryAfterSeconds))
  return { body, headers }
}

function messageOf({ code, status, title, detail }: Refusal, request: CanonicalRequest): string {
  if (detail !== undefined) return detail
  if (code === 'credential_required') return sentences.unauthenticated
  if (status === 401) return sentences.invalid
  if (status !== 403) return title
  return pathOf(request).kind === 'tokens' ? sentences.byToken : sentences.unauthorized
}

function isOfScript({ rawHeaders }: CanonicalRequest): boolean {
  return valuesOfHeader(rawHeaders, 'x-requested-with')[0] === 'XMLHttpRequest'
}

function xmlOf(message: string): string {
  const text = message.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  return `<access-denied>\n  <message>${text}</message>\n</access-denied>\n`
}
