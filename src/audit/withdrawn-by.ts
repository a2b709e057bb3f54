/**
 * What an act took away, as its entry says: what has to be taken away again where the act itself is lost.
 * @module
 */

import type { AuditEntry } from './entry.ts'

export interface Withdrawal {
  /** Tokens that it ended. */
  readonly ends: readonly string[]
  /** Tokens that there are only since. */
  readonly brought: readonly string[]
  /** The subject whose state it set. */
  readonly subjectId?: string
  /** The login that is not the last one any more. */
  readonly login?: { readonly subjectId: string; readonly upstream: string }
}

export function withdrawnBy({ deed, tokenId, tokenIds, subjectId, details }: AuditEntry): Withdrawal {
  const named = [tokenId, ...tokenIds].filter((id) => id !== null)
  const own = subjectId ?? ''
  switch (deed) {
    case 'token_issued':
    case 'token_derived':
    case 'system_token_made':
    case 'tokens_imported':
      return { ends: [], brought: named }
    // Without its successor the old token is not one that ends by itself.
    case 'token_rotated':
      return { ends: named.slice(0, 1), brought: tokenIds }
    case 'token_revoked':
    case 'tokens_revoked':
      return { ends: named, brought: [] }
    case 'subject_enabled':
    case 'subject_disabled':
    case 'subject_deleted':
      return { ends: [], brought: [], subjectId: own }
    case 'login_kept':
    case 'login_removed':
    case 'login_refused':
      return { ends: [], brought: [], login: { subjectId: own, upstream: String(details.upstream) } }
    // Nobody may do less by these.
    case 'tokens_purged':
    case 'subject_added':
    case 'key_staged':
    case 'key_rotated':
    case 'key_retired':
    case 'audit_pruned':
    case 'record_recovered':
      return { ends: [], brought: [] }
    default:
      return deed satisfies never
  }
}
