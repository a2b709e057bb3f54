/**
 * Tokens as GoCD shows them, member by member and in its order.
 * @module
 */

import type { Secret } from '../../lib/secret.ts'
import type { Token } from '../../tokens/token.ts'
import { tokensPath } from './gocd-path.ts'

const docs = 'https://api.gocd.org/current/#access-tokens'

/** Where an answer stands: in whose API, below which origin. */
export interface Place {
  /** `https://host` as the client reached it. */
  readonly origin: string
  readonly whose: 'own' | 'all'
}

export function tokenDocument(token: Token, place: Place, text?: Secret): object {
  const path = pathIn(place)
  return {
    _links: { self: { href: `${path}/${token.id}` }, doc: { href: docs }, find: { href: `${path}/:id` } },
    id: token.id,
    description: token.description,
    username: token.subject.name,
    revoked: token.revokedAt !== undefined,
    revoke_cause: causeOf(token),
    revoked_by: token.revokedBy ?? null,
    revoked_at: instant(token.revokedAt),
    created_at: instant(token.createdAt),
    last_used_at: instant(token.lastUsedAt),
    ...(place.whose === 'all' && { revoked_because_user_deleted: isOfDeletion(token) }),
    ...(text !== undefined && { token: text.reveal() }),
  }
}

export function listDocument(tokens: readonly Token[], place: Place): object {
  return {
    _links: { self: { href: pathIn(place) }, doc: { href: docs } },
    _embedded: { access_tokens: tokens.map((token) => tokenDocument(token, place)) },
  }
}

/** A token that was not made. */
export function rejectedDocument(
  { username, now }: { readonly username: string; readonly now: number },
  problem: string,
  place: Place,
): object {
  return {
    _links: { doc: { href: docs }, find: { href: `${pathIn(place)}/:id` } },
    description: null,
    username,
    revoked: false,
    revoke_cause: null,
    revoked_by: null,
    revoked_at: null,
    created_at: instant(now),
    last_used_at: null,
    errors: { description: [problem] },
  }
}

function pathIn({ origin, whose }: Place): string {
  return origin + tokensPath(whose)
}

function causeOf(token: Token): string | null {
  if (isOfDeletion(token)) return `Revoked because user was deleted by ${token.revokedBy}`
  return token.revokedCause || null
}

/** Revoked with the user, and not before. */
function isOfDeletion({ subject, revokedCause, revokedBy }: Token): boolean {
  return (
    subject.status === 'deleted' && (revokedCause?.startsWith(`subject deleted by ${revokedBy}`) ?? false)
  )
}

/** To the second. */
function instant(at: number | undefined): string | null {
  return at === undefined ? null : new Date(at).toISOString().replace(/\.\d{3}Z$/, 'Z')
}
