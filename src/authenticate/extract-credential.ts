/**
 * Finds the one credential of a request among the places that its route names. Two credentials, a repeated
 * header or a malformed text are refused with 400: a server behind might pick the other one.
 * @module
 */

import type { CredentialSource } from '../config/schema/routes.ts'
import type { CanonicalRequest } from '../request/canonical-request.ts'
import { HeaderNameMemo } from '../request/header-name.ts'
import { type Refusal, refuse } from '../request/refusal.ts'
import { compileReadAuthParam } from './auth-param.ts'
import { readBasic } from './basic.ts'
import type { Credential, CredentialProblem } from './credential.ts'
import { readDsn } from './dsn.ts'
import { splitQuery } from './query-parameters.ts'
import { readToken68 } from './token68.ts'

/** `undefined`: the text presents no credential to this route. */
type Reader = (
  text: string,
  request: CanonicalRequest,
) => Credential | CredentialProblem | Refusal | undefined

/** Reads the value of `Authorization` as one service does, which may depend on the path, in place of the schemes of a route. */
export type ReadAuthorization = Reader

/** Yields the credential, a refusal, or `undefined` when the client presented none. */
export type ExtractCredential = (request: CanonicalRequest) => Credential | Refusal | undefined

/** Compile the places of one route. */
export function compileExtractCredential(
  sources: readonly CredentialSource[],
  readAuthorization?: ReadAuthorization,
): ExtractCredential {
  const headerReaders = readersOf(sources, readAuthorization)
  const readers = new HeaderNameMemo<Reader | null>((name) => headerReaders.get(name.folded) ?? null)
  const parameters = queryParametersOf(sources)

  return (request) => {
    const inHeaders = presentedInHeaders(request.rawHeaders, readers)
    const presented =
      parameters.size === 0 ? inHeaders : presentedInQuery(request.query, parameters, inHeaders)
    if (presented === undefined) return undefined
    if (presented === twice) return refuse('ambiguous_credential', 'the request carries two credentials')
    const found = presented.read(presented.text, request)
    return found !== undefined && 'problem' in found ? refuse('malformed_credential', found.problem) : found
  }
}

/** A text that presents a credential, unread: two are refused whatever they say. */
interface Presented {
  readonly read: Reader
  readonly text: string
}

const twice: Presented = { read: () => undefined, text: '' }

function presentedInHeaders(
  rawHeaders: readonly string[],
  readers: HeaderNameMemo<Reader | null>,
): Presented | undefined {
  let presented: Presented | undefined
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const read = readers.get(rawHeaders[index] ?? '')
    if (read === null) continue
    if (presented !== undefined) return twice
    presented = { read, text: rawHeaders[index + 1] ?? '' }
  }
  return presented
}

function presentedInQuery(
  query: string,
  parameters: ReadonlySet<string>,
  inHeaders: Presented | undefined,
): Presented | undefined {
  const [text, ...more] = splitQuery(query, parameters).found
  if (text === undefined) return inHeaders
  if (inHeaders !== undefined || more.length > 0) return twice
  return { read: (value) => readToken68('query', value), text }
}

/** Query parameters of a route that carry a credential, in lower case. */
export function queryParametersOf(sources: readonly CredentialSource[]): ReadonlySet<string> {
  return new Set(
    sources.flatMap((source) =>
      typeof source === 'object' && 'query' in source ? [source.query.toLowerCase()] : [],
    ),
  )
}

/** Headers of a route that carry a credential, in lower case; `authorization` is always one. */
export function credentialHeadersOf(sources: readonly CredentialSource[]): ReadonlySet<string> {
  return new Set(readersOf(sources).keys())
}

function readersOf(
  sources: readonly CredentialSource[],
  readAuthorization?: ReadAuthorization,
): ReadonlyMap<string, Reader> {
  const schemes = new Map<string, Reader>()
  const headers = new Map<string, Reader>()
  for (const source of sources) {
    if (typeof source === 'string') schemes.set(source, schemeReader(source))
    else if ('parameter' in source)
      headers.set(source.header, compileReadAuthParam(source.scheme, source.parameter))
    else if ('header' in source) headers.set(source.header, (text) => readToken68('header', text))
  }
  headers.set('authorization', readAuthorization ?? ((value, request) => readScheme(value, request, schemes)))
  return headers
}

function schemeReader(scheme: Extract<CredentialSource, string>): Reader {
  switch (scheme) {
    case 'bearer':
    case 'token':
    case 'api-key':
      return (text) => readToken68(scheme, text)
    case 'dsn':
      return readDsn
    case 'basic':
      return readBasic
    default:
      return scheme satisfies never
  }
}

/** One scheme in any case, one space, and its text (RFC 9110 section 11.4). */
function readScheme(
  value: string,
  request: CanonicalRequest,
  schemes: ReadonlyMap<string, Reader>,
): ReturnType<Reader> {
  const space = value.indexOf(' ')
  const scheme = (space === -1 ? value : value.slice(0, space)).toLowerCase()
  const read = schemes.get(scheme)
  return read?.(space === -1 ? '' : value.slice(space + 1), request)
}
