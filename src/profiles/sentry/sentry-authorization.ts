/**
 * `Authorization` as Sentry's API authenticators read it: words parted by any white space, the first of them a scheme in
 * any case. What is malformed is told in their sentences; a scheme that they do not know presents nothing.
 * @module
 */

import { type Credential, credentialLengthMax, present } from '../../authenticate/credential.ts'
import { readDsn } from '../../authenticate/dsn.ts'
import type { ReadAuthorization } from '../../authenticate/extract-credential.ts'
import type { CanonicalRequest } from '../../request/canonical-request.ts'
import { valuesOfHeader } from '../../request/header-name.ts'
import type { Refusal } from '../../request/refusal.ts'
import { isProjectId } from './sentry-path.ts'
import { invalid, words } from './sentry-words.ts'

/** Begins the tokens of organizations. It only chooses the sentence: what follows it is signed by nobody. */
const orgTokenPrefix = 'sntrys_'

/** Tokens of organizations have the padding of Base64 in their middle. */
const tokenText = /^[\x21-\x7e]+$/
/** Legacy keys are presented with Basic alone, and nothing else is presented so. */
const legacyKey = /^[0-9a-f]{32}$/
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** A DSN is a credential only where the route admits them. */
export function compileReadAuthorization(
  admitsDsn: boolean,
): (value: string) => ReturnType<ReadAuthorization> {
  return (value) => {
    const [scheme = '', text, ...more] = wordsOf(value)
    switch (scheme.toLowerCase()) {
      case 'bearer':
        return problemOfForm(text, more, words.emptyToken, words.spacedToken) ?? readBearer(text ?? '')
      case 'basic':
        return problemOfForm(text, more, words.emptyBasic, words.spacedBasic) ?? readLegacyKey(text ?? '')
      case 'dsn':
        if (!admitsDsn) return undefined
        return problemOfForm(text, more, words.emptyToken, words.spacedToken) ?? readSentryDsn(text ?? '')
      default:
        return undefined
    }
  }
}

/** The key of a DSN and its project, which is a number. */
export function readSentryDsn(text: string): Credential | Refusal {
  const read = readDsn(text)
  if ('problem' in read) return invalid(words.invalidDsn, read.problem)
  return isProjectId(read.project ?? '') ? read : invalid(words.invalidDsn, 'the project is not a number')
}

/** The words of a request's one `Authorization`, the scheme in lower case. */
export function authorizationOf({ rawHeaders }: CanonicalRequest): readonly [scheme: string, text: string] {
  const [scheme = '', text = ''] = wordsOf(valuesOfHeader(rawHeaders, 'authorization')[0] ?? '')
  return [scheme.toLowerCase(), text]
}

/** What a text that no record stands for is called. */
export function unknownTokenWords(text: string): string {
  return text.startsWith(orgTokenPrefix) ? words.invalidOrgToken : words.invalidToken
}

function wordsOf(value: string): readonly string[] {
  return value.split(/[ \t\n\v\f\r]+/).filter((word) => word !== '')
}

function problemOfForm(
  text: string | undefined,
  more: readonly string[],
  empty: string,
  spaced: string,
): Refusal | undefined {
  if (text === undefined) return invalid(empty, 'nothing behind the scheme')
  return more.length > 0 ? invalid(spaced, 'more than one word behind the scheme') : undefined
}

function readBearer(text: string): Credential | Refusal {
  if (text.length > credentialLengthMax || !tokenText.test(text)) {
    return invalid(unknownTokenWords(text), 'not the text of a token')
  }
  return legacyKey.test(text)
    ? invalid(words.invalidToken, 'a legacy key, or that of a DSN')
    : present('bearer', text)
}

/** With a password it is nobody's key, and Sentry looks for another credential. */
function readLegacyKey(text: string): Credential | Refusal | undefined {
  if (text.length > credentialLengthMax || text === '' || !base64.test(text)) {
    return invalid(words.unreadableBasic, 'not Base64')
  }
  const pair = Buffer.from(text, 'base64').toString('latin1')
  const colon = pair.indexOf(':')
  if (colon === -1) return invalid(words.unreadableBasic, 'no colon')
  if (colon < pair.length - 1) return undefined
  const key = pair.slice(0, colon)
  return legacyKey.test(key) ? present('basic', key) : invalid(words.unknownKey, 'not the form of a key')
}
