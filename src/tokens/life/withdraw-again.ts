/**
 * Takes away again what entries of the audit record say was taken away, in a record that has lost them. It only takes
 * away: nothing that was issued, enabled or kept comes back by it.
 * @module
 */

import type { AuditEntry } from '../../audit/entry.ts'
import { withdrawnBy } from '../../audit/withdrawn-by.ts'
import type { Clock } from '../../lib/clock.ts'
import type { TokenRegistry } from '../ports.ts'
import { deleteSubject } from './delete-subject.ts'

export interface Recovery {
  readonly registry: TokenRegistry
  readonly clock: Clock
  /** Who takes it away again, and whence. */
  readonly by: string
  readonly origin: string
}

/** What it came to. */
export interface Recovered {
  /** Tokens that are revoked now and were not, with what was derived from them. */
  readonly revoked: number
  /** Names of subjects that are disabled again. */
  readonly disabled: readonly string[]
  /** Names of subjects that are deleted again. */
  readonly deleted: readonly string[]
  /** Logins at upstreams that are gone again. */
  readonly logins: number
  /** Ids of tokens that were issued or imported, or came of a rotation, and that the record does not know any more. */
  readonly unknown: readonly string[]
}

/** `lost` in the order of the record. May be repeated, also after a failure half-way, which throws `StoreUnavailable`. */
export async function withdrawAgain(recovery: Recovery, lost: readonly AuditEntry[]): Promise<Recovered> {
  const { registry } = recovery
  const unknown = new Set<string>()
  const lastOfSubject = new Map<string, AuditEntry>()
  let revoked = 0
  let logins = 0
  for (const entry of lost) {
    const { ends, brought, subjectId, login } = withdrawnBy(entry)
    const act = actLike(recovery, entry)
    for (const id of brought) unknown.add(id)
    for (const id of ends) {
      const { outcome, derived = 0 } = await registry.revokeToken(id, act)
      if (outcome === 'revoked') revoked += 1 + derived
    }
    if (subjectId !== undefined) lastOfSubject.set(subjectId, entry)
    if (login && (await registry.logins.remove(login.subjectId, login.upstream, act))) logins++
  }
  const subjects = await withdrawSubjects(recovery, lastOfSubject)
  return { ...subjects, revoked: revoked + subjects.revoked, logins, unknown: [...unknown] }
}

/** By their last state: who was disabled and enabled again stays as the backup has them. */
async function withdrawSubjects(recovery: Recovery, lastOfSubject: ReadonlyMap<string, AuditEntry>) {
  const { registry, clock } = recovery
  const disabled: string[] = []
  const deleted: string[] = []
  let revoked = 0
  for (const [id, entry] of lastOfSubject) {
    const { deed } = entry
    const name = String(entry.details.name)
    const present = await registry.findSubject(name)
    // Of the same name may be another one, who was added later.
    if (present?.id !== id) continue
    const act = actLike(recovery, entry)
    if (deed === 'subject_deleted') {
      revoked += (await deleteSubject(registry, clock, name, act))?.revoked ?? 0
      deleted.push(name)
    } else if (deed === 'subject_disabled' && present.status !== 'disabled') {
      await registry.setSubjectStatus(name, 'disabled', act)
      disabled.push(name)
    }
  }
  return { disabled, deleted, revoked }
}

function actLike({ by, origin, clock }: Recovery, { seq, by: former, cause }: AuditEntry) {
  const again = `again, as ${former} in lost entry ${seq}`
  return { at: clock.now(), by, origin, cause: cause === '' ? again : `${again}: ${cause}` }
}
