/**
 * Who wants to log in, read as TempAuth reads it (swift/common/middleware/tempauth.py, handle_get_token): which header
 * counts depends on the path. What it could read in two ways is nobody.
 * @module
 */

import { Secret } from '../../lib/secret.ts'
import type { CanonicalRequest } from '../../request/canonical-request.ts'
import { valuesOfHeader } from '../../request/header-name.ts'

/** A user and the key that is to be checked. */
export interface LoginRequest {
  /** `account:user`, the name of the gateway's subject too. */
  readonly name: string
  readonly key: Secret
}

/** Why nobody can be logged in; TempAuth's answer to it. */
export type LoginProblem =
  | { readonly status: 400 | 404; readonly reason: string }
  | { readonly status: 401; readonly reason: string }

/** What may be the name of a subject: printable ASCII without a space. */
const plainName = /^[\x21-\x7e]{1,256}$/

/** `path` is decoded, `/auth/` and all. */
export function readLoginRequest(request: CanonicalRequest, path: string): LoginRequest | LoginProblem {
  const [, , version, account, last, ...more] = path.split('/')
  if (version === 'v1' && account && last === 'auth' && more.length === 0) return ofAccount(account, request)
  if (version === 'v1.0' || version === 'auth') return ofWholeName(request)
  return { status: version ? 400 : 404, reason: 'not a path to log in at' }
}

/** `/auth/v1/<account>/auth`: X-Storage-User is the user alone, X-Auth-User the whole name. */
function ofAccount(account: string, { rawHeaders }: CanonicalRequest): LoginRequest | LoginProblem {
  const user = single(rawHeaders, 'x-storage-user')
  const whole = single(rawHeaders, 'x-auth-user')
  const key = single(rawHeaders, 'x-storage-pass') || single(rawHeaders, 'x-auth-key')
  const named = user ? `${account}:${user}` : whole
  if (!named?.startsWith(`${account}:`)) return denied('no user of this account')
  return loginRequest(named, key)
}

function ofWholeName({ rawHeaders }: CanonicalRequest): LoginRequest | LoginProblem {
  const whole = single(rawHeaders, 'x-auth-user') || single(rawHeaders, 'x-storage-user')
  const key = single(rawHeaders, 'x-auth-key') || single(rawHeaders, 'x-storage-pass')
  return loginRequest(whole, key)
}

function loginRequest(name: string | undefined, key: string | undefined): LoginRequest | LoginProblem {
  const colon = name?.indexOf(':') ?? -1
  if (name === undefined || colon === -1) return denied('no whole user name')
  if (colon === 0 || colon === name.length - 1 || !key) return denied('an empty name or key')
  if (!plainName.test(name)) return denied('a user name that no subject can have')
  return { name, key: new Secret(key) }
}

function denied(reason: string): LoginProblem {
  return { status: 401, reason }
}

/** A header that stands twice names nobody. */
function single(rawHeaders: readonly string[], name: string): string | undefined {
  const [value, ...more] = valuesOfHeader(rawHeaders, name)
  return more.length === 0 ? value : undefined
}
