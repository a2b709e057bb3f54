/**
 * Credentials that are one text: after a scheme (`Bearer`, `Token`, `Api-Key`), alone in a header, or as a
 * query parameter. The grammar is RFC 9110's `token68`: no space, no comma, no quotes, nothing twice.
 * @module
 */

import {
  type Credential,
  type CredentialProblem,
  type CredentialScheme,
  credentialLengthMax,
  present,
} from './credential.ts'

const token68 = /^[A-Za-z0-9\-._~+/]+=*$/

/** Read one text as a credential of the scheme. */
export function readToken68(scheme: CredentialScheme, text: string): Credential | CredentialProblem {
  if (text.length > credentialLengthMax) return { problem: 'the credential is longer than any token' }
  if (!token68.test(text)) return { problem: 'the credential is not one plain text after one space' }
  return present(scheme, text)
}
