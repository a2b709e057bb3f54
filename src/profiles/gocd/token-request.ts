/**
 * A request to the API that manages tokens, as GoCD's routes have it.
 * @module
 */

import type { CanonicalRequest } from '../../request/canonical-request.ts'
import { valuesOfHeader } from '../../request/header-name.ts'
import { isRefusal, type Refusal, refuse } from '../../request/refusal.ts'
import { parseObject } from '../../tokens/foreign/parse-object.ts'
import { isRemark } from '../../tokens/life/issue-problems.ts'
import type { Visit } from '../profile.ts'
import { acceptedTypes } from './accept.ts'
import type { GocdPath } from './gocd-path.ts'

export type TokenAction =
  | { readonly does: 'list' | 'create' }
  | { readonly does: 'show' | 'revoke'; readonly id: string }

const mediaTypes: ReadonlySet<string> = new Set([
  'application/vnd.go.cd.v1+json',
  'application/vnd.go.cd+json',
])

const bodyBytesMax = 64 * 1024

/** `undefined` for what GoCD has nothing for: another method or path, or a client that does not name the version. */
export function actionOf(
  { method, rawHeaders }: CanonicalRequest,
  { whose, rest }: Extract<GocdPath, { kind: 'tokens' }>,
): TokenAction | undefined {
  if (!acceptedTypes(rawHeaders).some((type) => mediaTypes.has(type))) return undefined
  const [id, verb, ...more] = rest
  if (more.length > 0 || id === '') return undefined
  if (method === 'GET' || method === 'HEAD') {
    if (verb !== undefined) return undefined
    return id === undefined ? { does: 'list' } : { does: 'show', id }
  }
  if (method !== 'POST') return undefined
  if (id === undefined) return whose === 'own' ? { does: 'create' } : undefined
  return verb === 'revoke' ? { does: 'revoke', id } : undefined
}

/** Whether a page of another site sent it: browsers add passwords that they know of by themselves. */
export function isOfAnotherSite({ method, rawHeaders, authority }: CanonicalRequest): boolean {
  if (method !== 'POST') return false
  return valuesOfHeader(rawHeaders, 'origin').some(
    (origin) => !URL.canParse(origin) || new URL(origin).host !== authority,
  )
}

/** In a field of its own, so that nothing in it passes for anything of ours. */
interface ReadBody {
  /** `undefined` where the body is none. */
  readonly fields: Readonly<Record<string, unknown>> | undefined
}

/** The JSON object of a body, which may be left out. */
export async function readBody({ exchange, request }: Visit): Promise<ReadBody | Refusal> {
  if (!request.hasBody) return { fields: {} }
  const peeked = await exchange.peekBody(bodyBytesMax + 1)
  if (isRefusal(peeked)) return peeked
  const { bytes, isWhole } = peeked
  if (!isWhole || bytes.length > bodyBytesMax) {
    return refuse('body_too_long', `a body of more than ${bodyBytesMax} bytes`)
  }
  const text = bytes.toString()
  const object = text.trim() === '' ? {} : parseObject(text)
  return { fields: typeof object === 'string' ? undefined : object }
}

/** A line as it may stand in the record, empty where none is given, and what is wrong with what was given instead. */
export function readRemark(value: unknown): { readonly text: string; readonly problem?: string } {
  if (value === undefined || value === null) return { text: '' }
  if (typeof value !== 'string') return { text: '', problem: 'must be text' }
  if (value.trim() === '') return { text: '' }
  return isRemark(value)
    ? { text: value }
    : { text: '', problem: 'must be one line of at most 256 characters' }
}
