/**
 * Deletes a subject for good, with all its tokens. A later subject of the same name is another one.
 * @module
 */

import type { Clock } from '../../lib/clock.ts'
import type { TokenRegistry } from '../ports.ts'
import type { Subject } from '../token.ts'

/** Who deletes, whence, and why where that is worth saying. */
export interface Deletion {
  readonly by: string
  readonly origin: string
  readonly cause?: string
}

/**
 * How many tokens were revoked; `undefined` when there is no such subject. Disabled first, so that all its tokens
 * are refused at once, and deleted last: a deletion that broke off half-way is finished by repeating it.
 */
export async function deleteSubject(
  registry: TokenRegistry,
  clock: Clock,
  name: string,
  { by, origin, cause = '' }: Deletion,
): Promise<{ readonly subject: Subject; readonly revoked: number } | undefined> {
  const act = { at: clock.now(), by, origin, cause }
  const disabled = await registry.setSubjectStatus(name, 'disabled', act)
  if (disabled === undefined) return undefined
  const revocation = { ...act, cause: `subject deleted by ${by}${cause ? `: ${cause}` : ''}` }
  const revoked = await registry.revokeTokens({ subjectId: disabled.id }, revocation)
  const subject = await registry.setSubjectStatus(name, 'deleted', act)
  return { subject: subject ?? { ...disabled, status: 'deleted' }, revoked }
}
