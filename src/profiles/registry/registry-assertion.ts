/**
 * The registry token: what the token endpoint gives out, in the form that registries themselves verify (Distribution's
 * token authentication). It names a token of the gateway by its id, and what of that token's rights was asked for.
 * @module
 */

import type { RegistrySettings } from '../../config/schema/profiles/registry.ts'
import type { AssertionKind } from '../../tokens/assertions/assertions.ts'
import { registryActions } from './registry-access.ts'
import type { RepositoryScope } from './registry-scope.ts'

/** What a registry token is good for; nothing but `/v2/` when empty. */
export interface RegistryGrant {
  readonly scopes: readonly RepositoryScope[]
}

/** GitLab gives its decoder a minute. */
const leewayMs = 60_000

export function registryAssertion({
  issuer,
  service,
  tokenLifetime,
}: RegistrySettings): AssertionKind<RegistryGrant> {
  return {
    issuer,
    audience: service,
    lifetimeMs: tokenLifetime,
    leewayMs,
    write: ({ scopes }) => ({
      access: scopes.map(({ repository, actions }) => ({ type: 'repository', name: repository, actions })),
    }),
    read: ({ access }) => {
      const scopes = Array.isArray(access) ? access.map(scopeIn) : [undefined]
      return scopes.every((scope) => scope !== undefined) ? { scopes } : undefined
    },
  }
}

/** Whether everything that is needed was asked for when the registry token was given out. */
export function grants({ scopes }: RegistryGrant, needed: readonly RepositoryScope[]): boolean {
  return needed.every(({ repository, actions }) => {
    const granted = scopes.filter((scope) => scope.repository === repository)
    return actions.every((action) => granted.some((scope) => scope.actions.includes(action)))
  })
}

/** The signature says that the gateway wrote it; a later release may write other things. */
function scopeIn(entry: unknown): RepositoryScope | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined
  const { type, name, actions } = entry as Record<string, unknown>
  if (type !== 'repository' || typeof name !== 'string' || !Array.isArray(actions)) return undefined
  return { repository: name, actions: registryActions.filter((action) => actions.includes(action)) }
}
