/**
 * Where a token may be used: in the organization that it is bound to, and a DSN for its own project. Scopes of teams and
 * projects are Sentry's to enforce, which knows who belongs where.
 * @module
 */

import { compileAccessRule } from '../../authorize/rules/access.ts'
import { tokenPathRule } from '../../authorize/rules/path.ts'
import type { Rule } from '../../authorize/rules/rule.ts'
import type { CanonicalRequest } from '../../request/canonical-request.ts'
import { type Refusal, refuse } from '../../request/refusal.ts'
import type { Token } from '../../tokens/token.ts'
import { authorizationOf, readSentryDsn } from './sentry-authorization.ts'
import { type Names, placeOf, type SentryPlace } from './sentry-path.ts'
import { misplaced, words } from './sentry-words.ts'

/** In the order in which they speak. */
export const sentryRules: readonly Rule[] = [
  ({ token, request, resource }) => {
    const place = placeOf(resource.path)
    return token.kind === 'dsn'
      ? problemOfDsn(token, request, place)
      : (problemOfOrganization(token, place) ?? problemOfNames(token, place))
  },
  tokenPathRule,
  compileAccessRule('by-method'),
]

function problemOfOrganization({ kind, bindings }: Token, place: SentryPlace): Refusal | undefined {
  if (bindings.organization === undefined) {
    return kind === 'organization'
      ? misplaced(words.noOrganization, 'a token of an organization without the binding organization')
      : undefined
  }
  if (place.kind === 'organizations') return undefined
  const { organization } = namesOf(place)
  if (organization === undefined) {
    return misplaced(words.outsideOrganizations, 'bound to an organization, and the path names none')
  }
  return covers(bindings.organization, organization)
    ? undefined
    : misplaced(words.otherOrganization, 'bound to another organization')
}

/** Bindings that Sentry's own tokens do not have. */
function problemOfNames({ bindings }: Token, place: SentryPlace): Refusal | undefined {
  const names: Readonly<Record<string, string | undefined>> = { ...namesOf(place) }
  for (const [key, values] of Object.entries(bindings)) {
    if (key === 'organization') continue
    const name = Object.hasOwn(names, key) ? names[key] : undefined
    if (name === undefined) return refuse('binding_mismatch', `nothing says which ${key} is meant`)
    if (!covers(values, name)) return refuse('binding_mismatch', `the token is bound to another ${key}`)
  }
  return undefined
}

/** A key that everybody may know sends what belongs to its project, and reads nothing. */
function problemOfDsn(
  { bindings }: Token,
  request: CanonicalRequest,
  place: SentryPlace,
): Refusal | undefined {
  const { project = [], organization, ...others } = bindings
  const refuseDsn = (reason: string) => misplaced(words.invalidDsn, reason)
  if (Object.keys(others).length > 0) return refuseDsn('bound to what a DSN has nothing to do with')
  if (place.kind === 'ingestion') {
    const named = projectOfDsn(request)
    if (named !== undefined && named !== place.project) return refuseDsn('the DSN names another project')
    return covers(project, place.project) ? undefined : refuseDsn('bound to another project')
  }
  if (place.kind !== 'api') return refuseDsn('not a place for a DSN')
  if (['GET', 'HEAD', 'OPTIONS'].includes(request.method)) {
    return misplaced(words.noCredentials, 'a DSN does not read')
  }
  const { names } = place
  if (names.project !== undefined && !covers(project, names.project)) {
    return refuseDsn('bound to another project')
  }
  const isElsewhere =
    organization !== undefined &&
    names.organization !== undefined &&
    !covers(organization, names.organization)
  return isElsewhere ? refuseDsn('bound to another organization') : undefined
}

/** `undefined` where the key came in another way, which names no project. */
function projectOfDsn(request: CanonicalRequest): string | undefined {
  const [scheme, text] = authorizationOf(request)
  if (scheme !== 'dsn') return undefined
  const read = readSentryDsn(text)
  return 'project' in read ? read.project : undefined
}

function namesOf(place: SentryPlace): Names {
  return place.kind === 'api' ? place.names : {}
}

function covers(values: readonly string[], name: string): boolean {
  return values.includes(name) || values.includes('*')
}
