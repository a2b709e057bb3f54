/**
 * A login as the record holds it: JSON, sealed with the key ring for one subject at one upstream. Text is only read as
 * a login when it has exactly the fields that this release knows.
 * @module
 */

import { Secret } from '../../lib/secret.ts'
import type { Sealer } from '../cache/sealed-entry.ts'
import { sealedUnder } from '../keys/seal.ts'
import type { SealedLogin } from './login-record.ts'
import type { UpstreamLogin, UpstreamSession } from './upstream-login.ts'

/** Whose login it is, and where. */
export type LoginPlace = Pick<SealedLogin, 'subjectId' | 'upstream'>

interface LoginJson {
  readonly user: string
  readonly key: string
  readonly token: string | null
  readonly tokenExpiresAt: number | null
  readonly storageUrl: string | null
}

const fields = ['user', 'key', 'token', 'tokenExpiresAt', 'storageUrl'] as const satisfies (keyof LoginJson)[]

export function sealLogin(
  sealer: Sealer,
  { subjectId, upstream }: LoginPlace,
  { user, key, session }: UpstreamLogin,
  updatedAt: number,
): SealedLogin {
  const json: LoginJson = {
    user,
    key: key.reveal(),
    token: session?.token.reveal() ?? null,
    tokenExpiresAt: session?.expiresAt ?? null,
    storageUrl: session?.storageUrl ?? null,
  }
  const place = { subjectId, upstream }
  const sealed = sealer.seal(JSON.stringify(json), contextOf(place))
  return { ...place, keyId: sealedUnder(sealed), sealed, updatedAt }
}

/** `undefined` for anything but a login that was sealed for exactly this subject at this upstream. */
export function openLogin(
  sealer: Sealer,
  { subjectId, upstream, sealed }: Pick<SealedLogin, 'subjectId' | 'upstream' | 'sealed'>,
): UpstreamLogin | undefined {
  const plaintext = sealer.open(sealed, contextOf({ subjectId, upstream }))
  const json = plaintext && parse(plaintext)
  if (!isLoginJson(json)) return undefined
  return { user: json.user, key: new Secret(json.key), session: sessionOf(json) }
}

/** The same content under the sealer's present key; `undefined` when `openLogin` could not read it. */
export function resealLogin(sealer: Sealer, login: SealedLogin): SealedLogin | undefined {
  const opened = openLogin(sealer, login)
  return opened && sealLogin(sealer, login, opened, login.updatedAt)
}

/** Ids of subjects are of one length: no two places have the same context. */
function contextOf({ subjectId, upstream }: LoginPlace): string {
  return `upstream login ${subjectId} ${upstream}`
}

function sessionOf({ token, tokenExpiresAt, storageUrl }: LoginJson): UpstreamSession | undefined {
  if (token === null || tokenExpiresAt === null) return undefined
  return { token: new Secret(token), expiresAt: tokenExpiresAt, storageUrl: storageUrl ?? undefined }
}

function parse(plaintext: Buffer): unknown {
  try {
    return JSON.parse(plaintext.toString())
  } catch {
    return undefined
  }
}

function isLoginJson(value: unknown): value is LoginJson {
  if (typeof value !== 'object' || value === null || Object.keys(value).length !== fields.length) return false
  if (!fields.every((field) => Object.hasOwn(value, field))) return false
  const { user, key, token, tokenExpiresAt, storageUrl } = value as Record<keyof LoginJson, unknown>
  if (typeof user !== 'string' || typeof key !== 'string') return false
  if (token === null) return tokenExpiresAt === null && storageUrl === null
  const isPlace = storageUrl === null || typeof storageUrl === 'string'
  return typeof token === 'string' && Number.isSafeInteger(tokenExpiresAt) && isPlace
}
