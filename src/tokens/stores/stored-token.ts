/**
 * Turns a row of either database into a `Token`, a `Subject` or a `TokenChange`. The adapters bring what
 * differs between them: how times, lists and bindings are written.
 * @module
 */

import type { KeyUse } from '../keys/key-use.ts'
import type { TokenChange } from '../ports.ts'
import {
  accessLevels,
  type Bindings,
  type Subject,
  type SubjectStatus,
  subjectKinds,
  type Token,
  tokenKinds,
} from '../token.ts'
import { countIn, optionalTextIn, type StoredRow, textIn, versionIn, wordIn } from './stored-value.ts'

/** How one database writes what SQL has no common form for. Each throws on anything else. */
export interface StoredForms {
  /** Milliseconds since the epoch; `undefined` for null. */
  time(row: StoredRow, column: string): number | undefined
  /** `undefined` for null. */
  list(row: StoredRow, column: string): readonly string[] | undefined
  bindings(row: StoredRow, column: string): Bindings
}

/** Columns of a token joined with its subject, whose columns begin with `subject_`. No digest, no sealed text. */
export const tokenColumns = `
  tokens.id, tokens.kind, tokens.scopes, tokens.bindings, tokens.access, tokens.networks, tokens.paths,
  tokens.description, tokens.created_at, tokens.created_by, tokens.expires_at, tokens.last_used_at,
  tokens.last_used_address, tokens.revoked_at, tokens.revoked_by, tokens.revoked_cause,
  tokens.parent_id, tokens.rotated_from, tokens.rotated_to,
  subjects.id AS subject_id, subjects.name AS subject_name, subjects.kind AS subject_kind,
  subjects.status AS subject_status, subjects.created_at AS subject_created_at`

/** Columns of a subject under the same names. */
export const subjectColumns = `
  subjects.id AS subject_id, subjects.name AS subject_name, subjects.kind AS subject_kind,
  subjects.status AS subject_status, subjects.created_at AS subject_created_at`

const subjectStatuses = ['active', 'disabled', 'deleted'] as const satisfies readonly SubjectStatus[]

export function readToken(row: StoredRow, forms: StoredForms): Token {
  return {
    id: textIn(row, 'id'),
    kind: wordIn(row, 'kind', tokenKinds),
    subject: readSubject(row, forms),
    scopes: required(forms.list(row, 'scopes'), 'scopes'),
    bindings: forms.bindings(row, 'bindings'),
    access: wordIn(row, 'access', accessLevels),
    networks: forms.list(row, 'networks'),
    paths: forms.list(row, 'paths'),
    description: textIn(row, 'description'),
    createdAt: required(forms.time(row, 'created_at'), 'created_at'),
    createdBy: textIn(row, 'created_by'),
    expiresAt: forms.time(row, 'expires_at'),
    lastUsedAt: forms.time(row, 'last_used_at'),
    lastUsedAddress: optionalTextIn(row, 'last_used_address'),
    revokedAt: forms.time(row, 'revoked_at'),
    revokedBy: optionalTextIn(row, 'revoked_by'),
    revokedCause: optionalTextIn(row, 'revoked_cause'),
    parentId: optionalTextIn(row, 'parent_id'),
    rotatedFrom: optionalTextIn(row, 'rotated_from'),
    rotatedTo: optionalTextIn(row, 'rotated_to'),
  }
}

export function readSubject(row: StoredRow, forms: StoredForms): Subject {
  return {
    id: textIn(row, 'subject_id'),
    name: textIn(row, 'subject_name'),
    kind: wordIn(row, 'subject_kind', subjectKinds),
    status: wordIn(row, 'subject_status', subjectStatuses),
    createdAt: required(forms.time(row, 'subject_created_at'), 'subject_created_at'),
  }
}

export function readChange(row: StoredRow, forms: StoredForms): TokenChange {
  return {
    version: versionIn(row, 'version'),
    tokenId: optionalTextIn(row, 'token_id'),
    subjectId: optionalTextIn(row, 'subject_id'),
    changedAt: required(forms.time(row, 'changed_at'), 'changed_at'),
  }
}

export function readKeyUse(row: StoredRow): KeyUse {
  return {
    keyId: textIn(row, 'key_id'),
    tokens: countIn(row, 'tokens'),
    hasSystemToken: Boolean(row.has_system_token),
    logins: countIn(row, 'logins'),
  }
}

function required<T>(value: T | undefined, column: string): T {
  if (value === undefined) throw new Error(`the store holds no value in «${column}»`)
  return value
}
