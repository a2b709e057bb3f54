/**
 * The two credentials of a registry's clients: a login at the token endpoint, and a registry token everywhere else, read
 * as GitLab reads them.
 * @module
 */

import { readLogin } from '../../authenticate/basic.ts'
import { type Credential, present } from '../../authenticate/credential.ts'
import { Secret } from '../../lib/secret.ts'
import { valuesOfHeader } from '../../request/header-name.ts'
import { type Refusal, refuse } from '../../request/refusal.ts'

/** A user and what was given as the password: the text of a token. */
export interface RegistryLogin {
  readonly user: string
  readonly password: Secret
}

/** Longer registry tokens are neither given out nor taken. */
export const registryTokenLengthMax = 8_192

/** Upper and lower case count, and `Token` is as good as `Bearer`. */
const bearer = /^(?:Bearer|Token)[ \t]+([\w-]+\.[\w-]+\.[\w-]+)$/
const basic = /^basic /i

/** The value of `Authorization`; what is no registry token at all is no credential. */
export function readRegistryToken(value: string): Credential | undefined {
  const [, text] = value.length > registryTokenLengthMax ? [] : (bearer.exec(value) ?? [])
  return text === undefined ? undefined : present('bearer', text)
}

/** `undefined` when nobody logs in. */
export function readRegistryLogin(rawHeaders: readonly string[]): RegistryLogin | Refusal | undefined {
  const value = theOnlyAuthorization(rawHeaders)
  if (typeof value !== 'string') return value
  if (!basic.test(value)) return undefined
  const login = readLogin(value.slice('basic '.length))
  if ('problem' in login) return refuse('invalid_token', login.problem)
  return { user: login.user, password: new Secret(login.password) }
}

/** For a request that the gateway answers itself. */
export function readPresented(rawHeaders: readonly string[]): Credential | Refusal | undefined {
  const value = theOnlyAuthorization(rawHeaders)
  return typeof value === 'string' ? readRegistryToken(value) : value
}

function theOnlyAuthorization(rawHeaders: readonly string[]): string | Refusal | undefined {
  const [value, another] = valuesOfHeader(rawHeaders, 'authorization')
  return another === undefined ? value : refuse('ambiguous_credential', 'the request carries two credentials')
}
