/**
 * The head of a response as the client may see it: without the headers of the upstream's own connection, and
 * without what only an owner may see, unless the grant is an owner's.
 * @module
 */

import type { Grant } from '../authorize/grant.ts'
import { type HeaderName, HeaderNameMemo, withoutHeaders } from '../request/header-name.ts'
import { hopByHopHeaders } from './header-names.ts'
import type { PrivilegedHeaders } from './privileged-headers.ts'

/** Turns the upstream's header lines (names and values in turn) into the client's. */
export type FilterResponse = (upstreamHeaders: readonly string[], grant: Grant) => string[]

type Treatment =
  | { readonly action: 'carry' | 'drop' | 'connection' | 'privileged' | 'tokenless' }
  | { readonly action: 'translate'; readonly clientName: string }

/** Compile how a route filters responses. */
export function compileFilterResponse(
  privileged: PrivilegedHeaders,
  isWithheldFromTokens: (folded: string) => boolean = () => false,
): FilterResponse {
  const treatments = new HeaderNameMemo<Treatment>((name) => {
    const treatment = treatmentOf(name, privileged)
    if (!isWithheldFromTokens(name.folded)) return treatment
    return { action: treatment.action === 'carry' ? 'tokenless' : 'drop' }
  })

  return (upstreamHeaders, grant) => {
    const headers: string[] = []
    let named: ReadonlySet<string> | undefined
    for (let index = 0; index < upstreamHeaders.length; index += 2) {
      const name = upstreamHeaders[index] ?? ''
      const value = upstreamHeaders[index + 1] ?? ''
      const treatment = treatments.get(name)
      if (treatment.action === 'connection') named = namedHeaders(value, named)
      const shown = shownName(name, treatment, grant)
      if (shown !== undefined) headers.push(shown, value)
    }
    return named === undefined ? headers : withoutHeaders(headers, named)
  }
}

/** The name under which the client sees a header; `undefined` when it does not. */
function shownName(name: string, treatment: Treatment, { isOwner, token }: Grant): string | undefined {
  switch (treatment.action) {
    case 'carry':
      return name
    case 'privileged':
      return isOwner ? name : undefined
    case 'translate':
      return isOwner ? treatment.clientName : undefined
    case 'tokenless':
      return token === undefined ? name : undefined
    case 'connection':
    case 'drop':
      return undefined
    default:
      return treatment satisfies never
  }
}

function treatmentOf({ folded }: HeaderName, { guardOf, toClient }: PrivilegedHeaders): Treatment {
  if (folded === 'connection') return { action: 'connection' }
  // An expectation means nothing in a response, but makes Node write the head at once, and as UTF-8.
  if (hopByHopHeaders.has(folded) || folded === 'expect') return { action: 'drop' }
  const clientName = toClient.get(folded)
  if (clientName !== undefined) return { action: 'translate', clientName }
  const guard = guardOf(folded)
  switch (guard) {
    case 'none':
      return { action: 'carry' }
    case 'privileged':
      return { action: 'privileged' }
    case 'internal':
      return { action: 'drop' }
    default:
      return guard satisfies never
  }
}

/** Headers that the upstream's `Connection` names were meant for the gateway alone. */
function namedHeaders(
  value: string,
  before: ReadonlySet<string> | undefined,
): ReadonlySet<string> | undefined {
  if (value === 'keep-alive' || value === 'close') return before
  return new Set([...(before ?? []), ...value.split(',').map((option) => option.trim().toLowerCase())])
}
