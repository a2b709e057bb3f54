/**
 * Sentry's two ways to present a project key: `Authorization: DSN https://key@host/project`, and the
 * `X-Sentry-Auth: Sentry sentry_key=…` header of its SDKs. The DSN's secret half is ignored, as Sentry does.
 * @module
 */

import { type Credential, type CredentialProblem, credentialLengthMax, present } from './credential.ts'

const dsnGrammar =
  /^[A-Za-z][A-Za-z0-9+.-]*:\/\/([A-Za-z0-9_]+)(?::[A-Za-z0-9_]*)?@[A-Za-z0-9.:_[\]-]+(?:\/[A-Za-z0-9._~-]+)*\/([A-Za-z0-9_-]{1,64})$/
const parameterGrammar = /^([a-z_]+)=([^\s,"]*)$/

/** Read the text after `DSN `: the public key is the credential, the last path segment the project. */
export function readDsn(text: string): Credential | CredentialProblem {
  if (text.length > credentialLengthMax) return { problem: 'the DSN is longer than any' }
  const [, key, project] = dsnGrammar.exec(text) ?? []
  if (key === undefined || project === undefined)
    return { problem: 'the DSN is not scheme://key@host/project' }
  return present('dsn', key, project)
}

/** Read the value of an `X-Sentry-Auth` header. It names no project: the route's path does. */
export function readSentryAuth(value: string): Credential | CredentialProblem {
  if (value.length > credentialLengthMax) return { problem: 'the header is longer than any' }
  if (!/^Sentry /i.test(value)) return { problem: 'the header does not start with «Sentry »' }
  const parameters = new Map<string, string>()
  for (const part of value.slice('Sentry '.length).split(',')) {
    const [, name, content] = parameterGrammar.exec(part.trim()) ?? []
    if (name === undefined || content === undefined) return { problem: 'a parameter is not name=value' }
    if (parameters.has(name)) return { problem: 'a parameter stands twice' }
    parameters.set(name, content)
  }
  const key = parameters.get('sentry_key')
  if (key === undefined || !/^[A-Za-z0-9_]+$/.test(key))
    return { problem: 'sentry_key is missing or malformed' }
  return present('sentry-auth', key)
}
