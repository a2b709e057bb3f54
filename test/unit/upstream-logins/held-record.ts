/**
 * A record of logins in memory that a test can take down, and whose answers it can hold back.
 * @module
 */

import type { Act } from '../../../src/audit/entry.ts'
import { StoreUnavailable } from '../../../src/tokens/ports.ts'
import type {
  LoginRecord,
  Removal,
  SealedLogin,
  StoredLogin,
  WriteOptions,
} from '../../../src/tokens/upstream-logins/login-record.ts'

export class HeldRecord implements Pick<LoginRecord, 'read' | 'write' | 'remove'> {
  readonly rows = new Map<string, StoredLogin>()
  /** What was recorded of keeping and removing. */
  readonly acts: string[] = []
  #revision = 0
  /** Nothing is answered. */
  isDown = false
  reads = 0
  /** Awaited between looking and answering. */
  answer: () => Promise<void> = async () => {}

  async read(subjectId: string, upstream: string): Promise<StoredLogin | undefined> {
    this.reads++
    const row = this.#available().get(`${subjectId} ${upstream}`)
    await this.answer()
    return row
  }

  async write(
    login: SealedLogin,
    { replacing, renewing, act }: WriteOptions = {},
  ): Promise<string | undefined> {
    const key = `${login.subjectId} ${login.upstream}`
    const rows = this.#available()
    if (replacing !== undefined && rows.get(key)?.revision !== replacing) return undefined
    if (renewing && !rows.has(key)) return undefined
    if (act !== undefined) this.acts.push(`kept: ${act.cause}`)
    const revision = String(++this.#revision)
    rows.set(key, { ...login, revision })
    return revision
  }

  async remove(
    subjectId: string,
    upstream: string,
    act: Act,
    { revision, refused }: Removal = {},
  ): Promise<boolean> {
    const key = `${subjectId} ${upstream}`
    const rows = this.#available()
    if (revision !== undefined && rows.get(key)?.revision !== revision) return false
    const isRemoved = rows.delete(key)
    if (isRemoved) this.acts.push(`${refused ? 'refused' : 'removed'}: ${act.cause}`)
    return isRemoved
  }

  #available(): Map<string, StoredLogin> {
    if (this.isDown) throw new StoreUnavailable('the test took it down')
    return this.rows
  }
}
