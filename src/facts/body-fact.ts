/**
 * A fact that stands in the client's body. It counts only where no server could read the body as anything but that JSON
 * document: a form that happens to be JSON as well says something else to whoever reads it as a form.
 * @module
 */

import type { BodyFactSettings } from '../config/schema/facts.ts'
import type { BodySource } from '../request/body-peek.ts'
import type { CanonicalRequest } from '../request/canonical-request.ts'
import { valuesOfHeader } from '../request/header-name.ts'
import { isRefusal, type Refusal, refuse } from '../request/refusal.ts'
import { compilePointer, factAt, parseJson } from './json-pointer.ts'

/** Resolves with the fact, `undefined` where the body does not say it, or a refusal. */
export type FindInBody = (
  request: CanonicalRequest,
  body: BodySource,
) => Promise<string | undefined | Refusal>

const json = /^application\/json(;\s*charset="?utf-8"?)?$/i

export function compileBodyFact({ body: pointer, prefix = '', bytesMax }: BodyFactSettings): FindInBody {
  const steps = compilePointer(pointer)
  const tooLong = refuse('body_too_long', `a body of more than ${bytesMax} bytes, which has to be read`)
  return async (request, body) => {
    if (!isPlainJson(request)) return undefined
    if (Number(request.contentLength ?? 0) > bytesMax) return tooLong
    // One more, so that a body of exactly as many is known to be whole.
    const peeked = await body.peekBody(bytesMax + 1)
    if (isRefusal(peeked)) return peeked
    if (!peeked.isWhole || peeked.bytes.length > bytesMax) return tooLong
    return behind(prefix, factAt(parseJson(peeked.bytes), steps))
  }
}

function behind(prefix: string, value: string | undefined): string | undefined {
  return value?.startsWith(prefix) ? value.slice(prefix.length) || undefined : undefined
}

function isPlainJson({ hasBody, rawHeaders }: CanonicalRequest): boolean {
  if (!hasBody || valuesOfHeader(rawHeaders, 'content-encoding').length > 0) return false
  const types = valuesOfHeader(rawHeaders, 'content-type')
  return types.length === 1 && json.test(types[0] ?? '')
}
