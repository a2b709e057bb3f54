/**
 * Brings the logins under a key that is to be retired under the current one. Nobody has to log in again for it.
 * @module
 */

import type { Sealer } from '../cache/sealed-entry.ts'
import type { LoginRecord, StoredLogin } from './login-record.ts'
import { type LoginPlace, resealLogin } from './sealed-login.ts'

/** Logins in one reading. */
const pageMax = 500

export interface Resealed {
  readonly resealed: number
  /** Logins that the ring cannot open, which stay as they are. */
  readonly unreadable: readonly LoginPlace[]
}

/**
 * `sealer` must know the key and have another current one. A login that is renewed meanwhile is left to whoever renews
 * it; it is under the key still where that is a gateway which has yet to learn of the current one.
 */
export async function resealLogins(
  record: Pick<LoginRecord, 'listUnder' | 'write'>,
  sealer: Sealer,
  keyId: string,
): Promise<Resealed> {
  let resealed = 0
  const unreadable: LoginPlace[] = []
  for (let page = await record.listUnder(keyId, pageMax); page.length > 0; ) {
    for (const login of page) {
      const isWritten = await resealOne(record, sealer, login)
      if (isWritten) resealed++
      else if (isWritten === undefined) unreadable.push(login)
    }
    page = await record.listUnder(keyId, pageMax, page.at(-1))
  }
  return { resealed, unreadable }
}

/** `undefined` when it cannot be opened. */
async function resealOne(
  record: Pick<LoginRecord, 'write'>,
  sealer: Sealer,
  login: StoredLogin,
): Promise<boolean | undefined> {
  const again = resealLogin(sealer, login)
  return again && (await record.write(again, { replacing: login.revision })) !== undefined
}
