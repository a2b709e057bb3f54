/**
 * `Authorization: DSN https://key@host/project`, as SDKs of error trackers are configured with. The secret half of a DSN
 * is ignored, as the trackers do.
 * @module
 */

import { type Credential, type CredentialProblem, credentialLengthMax, present } from './credential.ts'

const dsnGrammar =
  /^[A-Za-z][A-Za-z0-9+.-]*:\/\/([A-Za-z0-9_]+)(?::[A-Za-z0-9_]*)?@[A-Za-z0-9.:_[\]-]+(?:\/[A-Za-z0-9._~-]+)*\/([A-Za-z0-9_-]{1,64})$/

/** Read the text after `DSN `: the public key is the credential, the last path segment the project. */
export function readDsn(text: string): Credential | CredentialProblem {
  if (text.length > credentialLengthMax) return { problem: 'the DSN is longer than any' }
  const [, key, project] = dsnGrammar.exec(text) ?? []
  if (key === undefined || project === undefined)
    return { problem: 'the DSN is not scheme://key@host/project' }
  return present('dsn', key, project)
}
