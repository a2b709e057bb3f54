/**
 * Deletes a subject for good, with all its tokens. A later subject of the same name is another one.
 * @module
 */

import type { Clock } from '../../lib/clock.ts'
import type { TokenRegistry } from '../ports.ts'
import type { Subject } from '../token.ts'

/** Who deletes, and why where that is worth saying. */
export interface Deletion {
  readonly by: string
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
  { by, cause }: Deletion,
): Promise<{ readonly subject: Subject; readonly revoked: number } | undefined> {
  const disabled = await registry.setSubjectStatus(name, 'disabled')
  if (disabled === undefined) return undefined
  const act = { at: clock.now(), by, cause: `subject deleted by ${by}${cause ? `: ${cause}` : ''}` }
  const revoked = await registry.revokeTokens({ subjectId: disabled.id }, act)
  const subject = await registry.setSubjectStatus(name, 'deleted')
  return { subject: subject ?? { ...disabled, status: 'deleted' }, revoked }
}
