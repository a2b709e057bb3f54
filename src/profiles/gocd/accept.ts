/**
 * In which form GoCD tells a client that it may not: by `Accept`, and else by the end of the path.
 * @module
 */

import type { CanonicalRequest } from '../../request/canonical-request.ts'
import { valuesOfHeader } from '../../request/header-name.ts'

/** Forms that GoCD has for a message. */
const ofMessages =
  /^(?:application\/json|application\/vnd\.go\.cd\.v[1-9]\d?\+json|text\/xml|application\/xml)$/
const range = /^([\w!#$&^.+*-]+\/[\w!#$&^.+*-]+)((?:;[^;]*)*)$/
const weight = /^;q=([01](?:\.\d*)?)$/

/** The media type of a message. Types with parameters of their own are not looked at. */
export function messageType({ rawHeaders, rawPath }: CanonicalRequest): string {
  const wanted = acceptedTypes(rawHeaders).find((type) => ofMessages.test(type))
  return wanted ?? (rawPath.endsWith('.xml') ? 'application/xml' : 'application/json')
}

/** In the order in which the client likes them; none where one of them cannot be read. */
export function acceptedTypes(rawHeaders: readonly string[]): readonly string[] {
  const [accept = ''] = valuesOfHeader(rawHeaders, 'accept')
  const types: { readonly type: string; readonly quality: number }[] = []
  for (const part of accept.split(',')) {
    const [, type, parameters = ''] = range.exec(part.replaceAll(/\s/g, '').toLowerCase()) ?? []
    if (type === undefined) return []
    const [, quality] = parameters === '' ? ['', '1'] : (weight.exec(parameters) ?? [])
    if (quality !== undefined) types.push({ type, quality: Number(quality) })
  }
  return types.toSorted((one, other) => other.quality - one.quality).map(({ type }) => type)
}
