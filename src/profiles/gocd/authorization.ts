/**
 * `Authorization` as GoCD reads it: `bearer` in any case, exactly one space, and all of the rest is the token; `basic`
 * likewise, with user and password apart at the first colon.
 * @module
 */

import { type Credential, present } from '../../authenticate/credential.ts'
import { Secret } from '../../lib/secret.ts'
import type { CanonicalRequest } from '../../request/canonical-request.ts'
import { valuesOfHeader } from '../../request/header-name.ts'
import { type Refusal, refuse } from '../../request/refusal.ts'
import type { HeaderPairs } from '../../rewrite/identity-headers.ts'
import type { UpstreamLogin } from '../../tokens/upstream-logins/upstream-login.ts'
import { pathOf } from './gocd-path.ts'
import { sentences } from './gocd-sentences.ts'

const header = 'authorization'
const bearer = /^bearer (.*)$/is
/** With or without what it takes to be read: nothing that looks like a bearer token goes on as anything else. */
const bearerAlike = /^\s*bearer(?![\w-])/i
const tokenText = /^[0-9a-f]{40}$/
const basic = /^basic ([A-Za-z0-9+/]*={0,2})$/i

type Login = Pick<UpstreamLogin, 'user' | 'key'>

/** What is no text of a token is refused unseen, and costs nobody a look-up. */
export function readBearer(value: string, request: CanonicalRequest): Credential | Refusal | undefined {
  const [, text] = pathOf(request).kind === 'tokenless' ? [] : (bearer.exec(value) ?? [])
  if (text === undefined) return undefined
  if (tokenText.test(text)) return present('bearer', text)
  return refuse('invalid_token', 'not the text of a token', { detail: sentences.invalid })
}

/** The header line that the client sent, unless it is of a bearer token that was not read. */
export function otherAuthorization({ rawHeaders }: CanonicalRequest): HeaderPairs {
  const [value] = valuesOfHeader(rawHeaders, header)
  return value === undefined || bearerAlike.test(value) ? [] : [header, value]
}

/** The header line that the client sent, whatever it says. */
export function sameAuthorization({ rawHeaders }: CanonicalRequest): HeaderPairs {
  const [value] = valuesOfHeader(rawHeaders, header)
  return value === undefined ? [] : [header, value]
}

export function presentsBearer({ rawHeaders }: CanonicalRequest): boolean {
  return valuesOfHeader(rawHeaders, header).some((value) => bearerAlike.test(value))
}

/** `undefined`: no login; `malformed`: one that GoCD could not read; `ambiguous`: servers read one or the other. */
export function readLogin({ rawHeaders }: CanonicalRequest): Login | 'malformed' | 'ambiguous' | undefined {
  const [value, another] = valuesOfHeader(rawHeaders, header)
  if (another !== undefined) return 'ambiguous'
  if (value === undefined || !/^basic(?![\w-])/i.test(value)) return undefined
  const pair = decode(basic.exec(value)?.[1])
  const colon = pair?.indexOf(':') ?? -1
  if (pair === undefined || colon === -1) return 'malformed'
  return { user: pair.slice(0, colon), key: new Secret(pair.slice(colon + 1)) }
}

/** The value of `Authorization` for a login. */
export function loginText({ user, key }: Login): Secret {
  return new Secret(`Basic ${Buffer.from(`${user}:${key.reveal()}`).toString('base64')}`)
}

export function loginPairs(text: Secret): HeaderPairs {
  return [header, text.reveal()]
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decode(base64: string | undefined): string | undefined {
  if (base64 === undefined || base64.length % 4 !== 0) return undefined
  try {
    return utf8.decode(Buffer.from(base64, 'base64'))
  } catch {
    return undefined
  }
}
