/**
 * The subject that a token is issued for, made when nobody has made it yet.
 * @module
 */

import type { Act } from '../../audit/entry.ts'
import type { Clock } from '../../lib/clock.ts'
import type { TokenRegistry } from '../ports.ts'
import { newRecordId } from '../record-id.ts'
import type { Subject, SubjectKind } from '../token.ts'

/** `isNew` tells the caller that the name was not known, and `act` is who made it then. An existing subject keeps its own kind. */
export async function findOrAddSubject(
  registry: TokenRegistry,
  clock: Clock,
  wanted: { readonly name: string; readonly kind: SubjectKind },
  act: Act,
): Promise<{ readonly subject: Subject; readonly isNew: boolean }> {
  const found = await registry.findSubject(wanted.name)
  if (found !== undefined) return { subject: found, isNew: false }

  const added = await registry.addSubject({ id: newRecordId(clock), ...wanted }, act)
  if (added !== undefined) return { subject: added, isNew: true }

  // Somebody else added the name between the two questions.
  const raced = await registry.findSubject(wanted.name)
  if (raced === undefined)
    throw new Error('the subject was added and deleted while a token was issued for it')
  return { subject: raced, isNew: false }
}
