/**
 * A fact that the upstream is asked for: a GET of a path that parameters and earlier facts make up, answered with a JSON
 * document or a header. What it says is remembered for a short while; that it could not say anything never is.
 * @module
 */

import type { LookUpSettings } from '../config/schema/facts.ts'
import { askUpstream, type UpstreamAnswer } from '../forward/ask-upstream.ts'
import type { Upstream } from '../forward/upstreams.ts'
import { compileTemplate } from '../lib/template.ts'
import type { CanonicalRequest } from '../request/canonical-request.ts'
import { valuesOfHeader } from '../request/header-name.ts'
import { type Refusal, refuse } from '../request/refusal.ts'
import type { Token } from '../tokens/token.ts'
import { FactCache } from './fact-cache.ts'
import { compilePointer, factAt, parseJson } from './json-pointer.ts'

/** What a look-up may use. */
export interface LookUpInput {
  readonly token: Token
  readonly request: CanonicalRequest
  /** Parameters of the path and earlier facts. */
  readonly known: Readonly<Record<string, string>>
}

/** Yields the fact, `undefined` where there is none, or a refusal when nobody can tell now. */
export type LookUp = (input: LookUpInput) => Promise<string | undefined | Refusal>

/** What the look-ups of a route share. */
export interface LookUpContext {
  readonly upstream: Upstream
  /** In lower case: headers in which clients present their credential here. */
  readonly credentialHeaders: ReadonlySet<string>
}

const resourcesMax = 10_000
const absent = { value: undefined }

/** `names`: those that `{name}` may stand for. Throws a `RangeError` for another. */
export function compileLookUp(
  settings: LookUpSettings,
  names: readonly string[],
  { upstream, credentialHeaders }: LookUpContext,
): LookUp {
  const targetOf = compileTemplate(
    settings.request,
    names,
    'parameter of the path pattern, and no earlier fact',
  )
  const read = compileRead(settings)
  const cache = new FactCache<{ readonly value: string | undefined }>({ ttlMs: settings.ttl, resourcesMax })
  const limits = { deadlineMs: settings.timeout, bodyBytesMax: settings.bytesMax }
  const { credential } = settings
  const isAskedAsClient = credential === 'client'

  const headersFor = ({ rawHeaders }: CanonicalRequest): readonly string[] => {
    if (credential === 'none') return []
    return credential === 'client'
      ? [...credentialHeaders].flatMap((name) =>
          valuesOfHeader(rawHeaders, name).flatMap((value) => [name, value]),
        )
      : [credential.header, credential.value]
  }
  const ask = async (target: string, request: CanonicalRequest) => {
    const headers = ['accept', 'application/json', ...headersFor(request)]
    const answer = await askUpstream(upstream, { method: 'GET', target, headers }, limits)
    if (isAbsence(answer, isAskedAsClient)) return absent
    if (answer.status !== 200) throw new Error(`the upstream answered ${answer.status}`)
    return { value: read(answer) }
  }

  return async ({ token, request, known }) => {
    const target = targetOf((name) => segmentOf(Object.hasOwn(known, name) ? known[name] : undefined))
    if (target === undefined) return undefined
    try {
      return (await cache.find(target, isAskedAsClient ? token.id : '', () => ask(target, request))).value
    } catch (error) {
      const reason = `a fact could not be looked up: ${error instanceof Error ? error.message : 'unknown'}`
      return refuse('cannot_decide', reason, { retryAfterSeconds: 1 })
    }
  }
}

/** The resource does not exist, or not for the client who asks. */
function isAbsence({ status }: UpstreamAnswer, isAskedAsClient: boolean): boolean {
  if (status === 404 || status === 410) return true
  return isAskedAsClient && (status === 401 || status === 403)
}

function compileRead({
  pointer,
  header = '',
}: LookUpSettings): (answer: UpstreamAnswer) => string | undefined {
  if (pointer === undefined) {
    return ({ headers }) => {
      const [value, another] = valuesOfHeader(headers, header)
      return value === '' || another !== undefined ? undefined : value
    }
  }
  const steps = compilePointer(pointer)
  return ({ body }) => factAt(parseJson(body), steps)
}

/** A value as one segment of a path, or a part of one; one that would be a step in the path is of no resource. */
function segmentOf(value: string | undefined): string | undefined {
  return value === undefined || /^\.{0,2}$/.test(value) ? undefined : encodeURIComponent(value.toWellFormed())
}
