/**
 * The DSN in an envelope's header: the credential of a request that has no other, and never one beside another. Path,
 * head and envelope have to name one key and one project.
 * @module
 */

import type { Credential } from '../../authenticate/credential.ts'
import { isRefusal, type Refusal } from '../../request/refusal.ts'
import type { BodyVisit } from '../profile.ts'
import { readEnvelopeHeader } from './envelope-header.ts'
import { readSentryDsn } from './sentry-authorization.ts'
import { placeOf } from './sentry-path.ts'
import { invalid, words } from './sentry-words.ts'

/** What the head presents stands for every other request. */
export async function credentialOfEnvelope({
  request,
  body,
  inHead,
}: BodyVisit): Promise<Credential | Refusal | undefined> {
  const place = placeOf(request.rawPath)
  if (place.kind !== 'ingestion' || place.endpoint !== 'envelope') return inHead
  const header = await readEnvelopeHeader(request, body)
  if (isRefusal(header)) return header
  const { dsn } = header
  if (dsn === undefined || dsn === null) return inHead
  const inEnvelope = typeof dsn === 'string' ? readSentryDsn(dsn) : undefined
  if (inEnvelope === undefined) return invalid(words.invalidDsn, 'the dsn of the envelope is not a text')
  if (isRefusal(inEnvelope)) return inEnvelope
  if (inEnvelope.project !== place.project) {
    return invalid(words.invalidDsn, 'the envelope is of another project than the path')
  }
  if (inHead === undefined) return inEnvelope
  return inHead.secret.reveal() === inEnvelope.secret.reveal()
    ? inHead
    : invalid(words.invalidDsn, 'the head and the envelope present two keys')
}
