/**
 * What the gateway and its commands ask of a store about the logins that subjects have at upstreams. A store sees only
 * what is sealed. Both adapters pass one contract suite.
 * @module
 */

import type { Act } from '../../audit/entry.ts'

export interface SealedLogin {
  readonly subjectId: string
  /** The upstream's name in the configuration. */
  readonly upstream: string
  /** The key of the ring that it is sealed under. */
  readonly keyId: string
  readonly sealed: Buffer
  /** Milliseconds since the epoch. For people; what is newer is told by `revision`. */
  readonly updatedAt: number
}

export interface StoredLogin extends SealedLogin {
  /** Another one with each writing, also after a removal. */
  readonly revision: string
}

/** That there is a login, for people and scripts: nothing of what it holds. */
export type LoginNote = Pick<SealedLogin, 'subjectId' | 'upstream' | 'updatedAt'>

export interface WriteOptions {
  /** Only in the place of this revision: one that came after it, or a removal, stands. */
  readonly replacing?: string
  /** Only in the place of another, whichever that is. */
  readonly renewing?: true
  /** Records a change of the subject, so that every replica drops what it holds of its former login. */
  readonly announced?: boolean
  /** Leaves an entry in the audit record, in the same transaction. Writing again what is there already is no act. */
  readonly act?: Act
}

/** Somebody who removes a login, or the upstream that refuses it. */
export interface Removal {
  /** Only this revision: what came after it stands. */
  readonly revision?: string
  readonly refused?: true
}

/** Throws `StoreUnavailable` when the store cannot tell. Deleting a subject removes its logins in the same transaction. */
export interface LoginRecord {
  read(subjectId: string, upstream: string): Promise<StoredLogin | undefined>
  /**
   * Adds or replaces, and yields the new revision. `undefined` when nothing was written: there is something else in the
   * place of the one to replace, or the subject is deleted.
   */
  write(login: SealedLogin, options?: WriteOptions): Promise<string | undefined>
  /**
   * Removes the login, with a change of the subject and an entry in the audit record in the same transaction. Yields
   * whether there was one to remove.
   */
  remove(subjectId: string, upstream: string, act: Act, removal?: Removal): Promise<boolean>
  /** What these subjects have, in the order of upstreams. */
  list(subjectIds: readonly string[]): Promise<readonly LoginNote[]>
  /** At most `limit` logins under one key of the ring, after those that come before the given one. */
  listUnder(
    keyId: string,
    limit: number,
    after?: Pick<SealedLogin, 'subjectId' | 'upstream'>,
  ): Promise<readonly StoredLogin[]>
}
