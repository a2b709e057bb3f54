/**
 * What either store records of an act: which deed it was, and the ids that it was done to.
 * @module
 */

import type { Done } from '../../audit/entry.ts'
import type { NewToken, TokenGroup } from '../ports.ts'
import type { Subject, SubjectStatus } from '../token.ts'
import type { Removal, SealedLogin } from '../upstream-logins/login-record.ts'

export function issued({ id, kind, subjectId, parentId }: NewToken): Done {
  if (kind === 'system') return { deed: 'system_token_made', subjectId, tokenId: id }
  if (parentId === undefined) return { deed: 'token_issued', subjectId, tokenId: id, details: { kind } }
  return { deed: 'token_derived', subjectId, tokenId: id, details: { kind, parentId } }
}

/** Entries are found by the token that was rotated; what took its place is named beside it. */
export function rotated(id: string, { id: next, subjectId }: NewToken, until: number): Done {
  return { deed: 'token_rotated', subjectId, tokenId: id, tokenIds: [next], details: { until } }
}

/** `revoked` has the token itself, and what was derived from it. */
export function revokedOne(id: string, subject: Subject, revoked: readonly string[]): Done {
  const derived = revoked.filter((other) => other !== id)
  return { deed: 'token_revoked', subjectId: subject.id, tokenId: id, tokenIds: derived }
}

/** One entry for each batch, with the ids of all that it revoked. */
export function revokedBatch(group: TokenGroup, revoked: readonly string[]): Done {
  const done = { deed: 'tokens_revoked', tokenIds: revoked } as const
  if ('subjectId' in group) return { ...done, subjectId: group.subjectId }
  if ('createdBy' in group) return { ...done, details: { issuer: group.createdBy } }
  if ('every' in group) return { ...done, details: { every: group.every } }
  return { ...done, details: { binding: `${group.binding.key}=${group.binding.value}` } }
}

export function imported(tokens: readonly NewToken[]): Done {
  return { deed: 'tokens_imported', tokenIds: tokens.map(({ id }) => id) }
}

export function purged(ids: readonly string[], deadBefore: number): Done {
  return { deed: 'tokens_purged', tokenIds: ids, details: { deadBefore } }
}

const statusDeeds = {
  active: 'subject_enabled',
  disabled: 'subject_disabled',
  deleted: 'subject_deleted',
} as const satisfies Record<SubjectStatus, Done['deed']>

export function statusSet({ id, name, status }: Subject): Done {
  return { deed: statusDeeds[status], subjectId: id, details: { name } }
}

export function subjectAdded({ id, name, kind }: Subject): Done {
  return { deed: 'subject_added', subjectId: id, details: { name, kind } }
}

export function loginKept({ subjectId, upstream }: Pick<SealedLogin, 'subjectId' | 'upstream'>): Done {
  return { deed: 'login_kept', subjectId, details: { upstream } }
}

export function loginRemoved(subjectId: string, upstream: string, { refused }: Removal): Done {
  return { deed: refused ? 'login_refused' : 'login_removed', subjectId, details: { upstream } }
}
