/**
 * What a token may do in a repository: pull, push and delete, as its bindings, paths, access and scopes have it. The same
 * for the repository of a request, for the source of a mount, and for what a registry token is asked for.
 * @module
 */

import { type Refusal, refuse } from '../../request/refusal.ts'
import { prefixCovers } from '../../tokens/path-prefix.ts'
import { type Access, accessLevels, type Token } from '../../tokens/token.ts'
import type { RegistryAction, RepositoryOperation } from './registry-operation.ts'
import type { RepositoryScope } from './registry-scope.ts'

/** `all-of`: whatever is done needs both scopes. `any-of`: each scope is good for what it says. */
export type ScopeNeed = 'all-of' | 'any-of'

const any = '*'
const bindingKeys: ReadonlySet<string> = new Set(['group', 'project'])
/** Every one that there is. */
export const registryActions = ['pull', 'push', 'delete'] as const satisfies readonly RegistryAction[]

const accessNeeded = {
  pull: 'read-only',
  push: 'read-write',
  delete: 'read-write',
} as const satisfies Record<RegistryAction, Access>

const scopeNeeded = {
  pull: 'read_registry',
  push: 'write_registry',
  delete: 'write_registry',
} as const satisfies Record<RegistryAction, string>

/** Everything that must be allowed for an operation. */
export function scopesOf({
  repository,
  actions,
  mountFrom,
}: RepositoryOperation): readonly RepositoryScope[] {
  const own = { repository, actions }
  return mountFrom === undefined ? [own] : [own, { repository: mountFrom, actions: ['pull'] }]
}

/** The first thing that the token may not do. */
export function problemOfScopes(
  token: Token,
  scopes: readonly RepositoryScope[],
  need: ScopeNeed,
): Refusal | undefined {
  for (const { repository, actions } of scopes) {
    const problem = problemOfPlace(token, repository) ?? problemOfActions(token, actions, need)
    if (problem !== undefined) return problem
  }
  return undefined
}

/** Of what is asked for, what the token may do. */
export function allowedScopes(
  token: Token,
  asked: readonly RepositoryScope[],
  need: ScopeNeed,
): readonly RepositoryScope[] {
  return asked
    .map(({ repository, actions }) => ({
      repository,
      actions: actions.filter((one) => !problemOfScopes(token, [{ repository, actions: [one] }], need)),
    }))
    .filter(({ actions }) => actions.length > 0)
}

/** Why the token may do nothing at all in any repository. */
export function problemOfToken(token: Token, need: ScopeNeed): Refusal | undefined {
  const problem = problemOfBindings(token)
  if (problem !== undefined) return refuse('binding_mismatch', problem)
  const problems = registryActions.map((action) => problemOfActions(token, [action], need))
  return problems.includes(undefined) ? undefined : problems[0]
}

function problemOfPlace(token: Token, repository: string): Refusal | undefined {
  const problem = problemOfBindings(token)
  if (problem !== undefined) return refuse('binding_mismatch', problem)
  const { group, project } = token.bindings
  if (group?.some((name) => name === any || repository.startsWith(`${name}/`)) === false) {
    return refuse('binding_mismatch', 'the repository is in no group of the token')
  }
  if (project?.some((name) => name === any || name === repository) === false) {
    return refuse('binding_mismatch', 'the token is of another project')
  }
  if (token.paths?.some((prefix) => prefixCovers(prefix, `/v2/${repository}`)) === false) {
    return refuse('path_not_allowed', 'outside the paths of the token')
  }
  return undefined
}

/** Only a group's deploy token is good for its group and all below; one of a project is none here. */
function problemOfBindings({ kind, bindings }: Token): string | undefined {
  const keys = Object.keys(bindings)
  const unknown = keys.find((key) => !bindingKeys.has(key))
  if (unknown !== undefined) return `a registry has no ${unknown}`
  if (keys.length === 0) return 'the token is bound to no group and no project'
  if (kind === 'deploy' && !(keys.length === 1 && 'group' in bindings)) {
    return 'a deploy token that is not of a group alone'
  }
  return undefined
}

function problemOfActions(
  { kind, access, scopes }: Token,
  actions: readonly RegistryAction[],
  need: ScopeNeed,
): Refusal | undefined {
  const missingAccess = actions.find((action) => rank(access) < rank(accessNeeded[action]))
  if (missingAccess !== undefined) {
    return refuse('insufficient_access', `access ${access} is not enough to ${missingAccess}`)
  }
  if (kind !== 'deploy' && scopes.includes('api')) return undefined
  const needed = need === 'all-of' ? Object.values(scopeNeeded) : actions.map((action) => scopeNeeded[action])
  const missing = needed.find((scope) => !scopes.includes(scope))
  return missing === undefined ? undefined : refuse('insufficient_scope', `scope ${missing} is missing`)
}

function rank(access: Access): number {
  return accessLevels.indexOf(access)
}
