/**
 * A record of logins in memory that a test can take down, and whose answers it can hold back.
 * @module
 */

import { StoreUnavailable } from '../../../src/tokens/ports.ts'
import type {
  LoginRecord,
  SealedLogin,
  StoredLogin,
  WriteOptions,
} from '../../../src/tokens/upstream-logins/login-record.ts'

export class HeldRecord implements Pick<LoginRecord, 'read' | 'write' | 'remove'> {
  readonly rows = new Map<string, StoredLogin>()
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

  async write(login: SealedLogin, { replacing }: WriteOptions = {}): Promise<string | undefined> {
    const key = `${login.subjectId} ${login.upstream}`
    const rows = this.#available()
    if (replacing !== undefined && rows.get(key)?.revision !== replacing) return undefined
    const revision = String(++this.#revision)
    rows.set(key, { ...login, revision })
    return revision
  }

  async remove(subjectId: string, upstream: string, revision?: string): Promise<boolean> {
    const key = `${subjectId} ${upstream}`
    const rows = this.#available()
    if (revision !== undefined && rows.get(key)?.revision !== revision) return false
    return rows.delete(key)
  }

  #available(): Map<string, StoredLogin> {
    if (this.isDown) throw new StoreUnavailable('the test took it down')
    return this.rows
  }
}
