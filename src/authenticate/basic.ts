/**
 * `Authorization: Basic` (RFC 7617) as clients use it for tokens: the token is the password, or, when the
 * password is empty, the user name, as older services have it.
 * @module
 */

import { type Credential, type CredentialProblem, credentialLengthMax, present } from './credential.ts'

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
const printable = /^[\x21-\x7e]+$/

/** Read the text after `Basic `. */
export function readBasic(text: string): Credential | CredentialProblem {
  const login = readLogin(text)
  if ('problem' in login) return login
  const token = login.password || login.user
  if (!printable.test(token)) return { problem: 'Basic holds no token' }
  return present('basic', token)
}

/** User and password of the text after `Basic `, for a service where the user counts. */
export function readLogin(
  text: string,
): { readonly user: string; readonly password: string } | CredentialProblem {
  if (text.length > credentialLengthMax) return { problem: 'the credential is longer than any token' }
  if (text === '' || !base64.test(text)) return { problem: 'Basic is not followed by Base64' }
  const pair = Buffer.from(text, 'base64').toString('utf8')
  const colon = pair.indexOf(':')
  if (colon === -1) return { problem: 'Basic holds no colon' }
  return { user: pair.slice(0, colon), password: pair.slice(colon + 1) }
}
