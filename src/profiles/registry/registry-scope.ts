/**
 * The scopes in which clients ask for a registry token, `repository:acme/app:pull,push`, and in which a challenge tells
 * them what to ask for.
 * @module
 */

import { type Refusal, refuse } from '../../request/refusal.ts'
import { isRepositoryName } from './registry-names.ts'
import type { RegistryAction } from './registry-operation.ts'

/** What is asked for, or granted, in one repository. */
export interface RepositoryScope {
  readonly repository: string
  /** Each once; never empty. */
  readonly actions: readonly RegistryAction[]
}

const allActions = ['pull', 'push', 'delete'] as const satisfies readonly RegistryAction[]
const scopeGrammar = /^(?<type>[a-z]+(?:\([a-z0-9]+\))?):(?<name>[^ ]+):(?<actions>[a-z_*]+(?:,[a-z_*]+)*)$/
const scopesMax = 64

/**
 * The repositories that the `scope` parameters of a query (empty, or with its `?`) ask for, each once, in order. The
 * parameter may stand several times and hold several scopes with spaces between them; `*` asks for every action, as
 * clients do that delete. Other resources than repositories, and actions that no operation needs, are left out: nobody is
 * granted them. What is no scope is refused with 400.
 */
export function parseScopes(query: string): readonly RepositoryScope[] | Refusal {
  const texts = scopeTexts(query)
  if (texts === undefined || texts.length > scopesMax)
    return refuse('malformed_request', 'scopes that cannot be decoded, or too many of them')
  const asked = new Map<string, Set<RegistryAction>>()
  for (const text of texts) {
    const { type, name = '', actions: list = '' } = scopeGrammar.exec(text)?.groups ?? {}
    if (type === undefined) return refuse('malformed_request', 'a scope that is not TYPE:NAME:ACTIONS')
    if (type !== 'repository') continue
    if (!isRepositoryName(name)) return refuse('malformed_request', 'a scope that names no repository')
    const known = list.split(',').flatMap(actionsIn)
    if (known.length > 0) asked.set(name, new Set([...(asked.get(name) ?? []), ...known]))
  }
  return [...asked].map(([repository, wanted]) => ({ repository, actions: [...wanted] }))
}

/** `repository:acme/app:pull,push`. Needs no escaping, in a header or in a query. */
export function scopeText(repository: string, wanted: readonly RegistryAction[]): string {
  return `repository:${repository}:${wanted.join(',')}`
}

function scopeTexts(query: string): readonly string[] | undefined {
  try {
    return query
      .slice(1)
      .split('&')
      .filter((part) => part.startsWith('scope='))
      .flatMap((part) => decodeURIComponent(part.slice('scope='.length).replaceAll('+', ' ')).split(' '))
      .filter((text) => text !== '')
  } catch {
    return undefined
  }
}

function actionsIn(text: string): readonly RegistryAction[] {
  return text === '*' ? allActions : allActions.filter((action) => action === text)
}
