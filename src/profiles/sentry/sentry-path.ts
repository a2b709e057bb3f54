/**
 * What a path of Sentry's names: the organization, project or team of its API, or the project that events are sent to.
 * Everything is read off the canonical path, so that no spelling of a name avoids what is decided about it.
 * @module
 */

import { canonicalPath } from '../../route/canonical-path.ts'

export type SentryPlace =
  /** `/api/42/envelope/` and its kin, one segment behind the project. */
  | { readonly kind: 'ingestion'; readonly project: string; readonly endpoint: string }
  /** `/api/0/organizations/`, the list of those that the asker belongs to. */
  | { readonly kind: 'organizations' }
  /** The rest of `/api/0/`, with the names that the path has. */
  | { readonly kind: 'api'; readonly names: Names }
  | { readonly kind: 'other' }

/** As the path spells them: slugs, or numbers where Sentry takes them too. */
export type Names = Readonly<Partial<Record<'organization' | 'project' | 'team', string>>>

/** `path`: raw or canonical. One that has no canonical form names nothing. */
export function placeOf(path: string): SentryPlace {
  const canonical = canonicalPath(path)
  if ('problem' in canonical) return { kind: 'other' }
  const { segments } = canonical
  // `/a/` and `/a` are one place to whoever decides about it.
  const [first, second = '', ...rest] = segments.at(-1) === '' ? segments.slice(0, -1) : segments
  if (first !== 'api') return { kind: 'other' }
  if (second === '0') return apiPlace(rest)
  const [endpoint, ...more] = rest
  return endpoint !== undefined && more.length === 0 && isProjectId(second)
    ? { kind: 'ingestion', project: second, endpoint }
    : { kind: 'other' }
}

/** Projects have numbers in a DSN. */
export function isProjectId(text: string): boolean {
  return /^\d{1,19}$/.test(text)
}

function apiPlace([collection, organization, name]: readonly string[]): SentryPlace {
  switch (collection) {
    case 'organizations':
      return organization === undefined ? { kind: 'organizations' } : { kind: 'api', names: { organization } }
    case 'projects':
      if (organization === undefined || name === undefined) break
      return { kind: 'api', names: { organization, project: name } }
    case 'teams':
      if (organization === undefined || name === undefined) break
      return { kind: 'api', names: { organization, team: name } }
  }
  return { kind: 'api', names: {} }
}
