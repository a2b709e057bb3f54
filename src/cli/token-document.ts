/**
 * A token as commands show it: every field of the record, times as ISO 8601, never a text or a digest.
 * @module
 */

import { type Subject, type Token, tokenState } from '../tokens/token.ts'

/** For `--json`. What is not set is `null`, so that a script finds every field. */
export function tokenDocument(token: Token, now: number) {
  return {
    id: token.id,
    state: tokenState(token, now),
    kind: token.kind,
    subject: token.subject.name,
    subjectKind: token.subject.kind,
    scopes: token.scopes,
    bindings: token.bindings,
    access: token.access,
    networks: token.networks ?? null,
    paths: token.paths ?? null,
    description: token.description,
    createdAt: isoTime(token.createdAt),
    createdBy: token.createdBy,
    expiresAt: isoTime(token.expiresAt),
    lastUsedAt: isoTime(token.lastUsedAt),
    lastUsedAddress: token.lastUsedAddress ?? null,
    revokedAt: isoTime(token.revokedAt),
    revokedBy: token.revokedBy ?? null,
    revokedCause: token.revokedCause ?? null,
    parentId: token.parentId ?? null,
    rotatedFrom: token.rotatedFrom ?? null,
    rotatedTo: token.rotatedTo ?? null,
  }
}

/** For `--json`. */
export function subjectDocument({ id, name, kind, status, createdAt }: Subject) {
  return { id, name, kind, status, createdAt: isoTime(createdAt) }
}

/** For people: names and values in reading order. */
export function tokenFields(token: Token, now: number): Record<string, string> {
  const bindings = Object.entries(token.bindings).map(([key, values]) => `${key}=${values.join(',')}`)
  return {
    id: token.id,
    state: tokenState(token, now),
    kind: token.kind,
    subject: `${token.subject.name} (${token.subject.kind})`,
    access: token.access,
    scopes: token.scopes.join(' ') || 'none',
    bindings: bindings.join(' ') || 'none',
    networks: listOr(token.networks, 'any', 'none'),
    paths: listOr(token.paths, 'all', 'none'),
    description: token.description || '-',
    created: `${isoTime(token.createdAt)} by ${token.createdBy}`,
    expires: isoTime(token.expiresAt) ?? 'never',
    'last used': lastUse(token),
    ...(token.revokedAt !== undefined && { revoked: revocation(token) }),
  }
}

/** When, by whom and why a token was revoked. */
export function revocation({ revokedAt, revokedBy, revokedCause }: Token): string {
  const cause = revokedCause ? ` (${revokedCause})` : ''
  return `${isoTime(revokedAt)} by ${revokedBy ?? 'somebody unknown'}${cause}`
}

function lastUse({ lastUsedAt, lastUsedAddress }: Token): string {
  if (lastUsedAt === undefined) return 'never'
  return isoTime(lastUsedAt) + (lastUsedAddress === undefined ? '' : ` from ${lastUsedAddress}`)
}

export function isoTime(ms: number): string
export function isoTime(ms: number | undefined): string | null
export function isoTime(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString()
}

function listOr(values: readonly string[] | undefined, absent: string, empty: string): string {
  return values === undefined ? absent : values.join(' ') || empty
}
