/**
 * What either database's rows of upstream logins say.
 * @module
 */

import type { LoginNote, StoredLogin } from '../upstream-logins/login-record.ts'
import type { StoredForms } from './stored-token.ts'
import { fail, type StoredRow, textIn } from './stored-value.ts'

export const loginColumns = 'subject_id, upstream, key_id, sealed, updated_at, revision'

export function readLogin(row: StoredRow, forms: StoredForms): StoredLogin {
  const { sealed } = row
  if (!(sealed instanceof Uint8Array)) return fail('sealed')
  return {
    ...readLoginNote(row, forms),
    keyId: textIn(row, 'key_id'),
    sealed: Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength),
    revision: textIn(row, 'revision'),
  }
}

export function readLoginNote(row: StoredRow, forms: StoredForms): LoginNote {
  return {
    subjectId: textIn(row, 'subject_id'),
    upstream: textIn(row, 'upstream'),
    updatedAt: forms.time(row, 'updated_at') ?? fail('updated_at'),
  }
}
