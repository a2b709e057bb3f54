/**
 * Where a request may come from: the networks of the route, and those of the token itself. An empty list
 * admits nobody.
 * @module
 */

import { compileNetworks, type Networks } from '../../client-address/networks.ts'
import { refuse } from '../../request/refusal.ts'
import type { Rule } from './rule.ts'

const nowhere = compileNetworks([])

/** Compiled networks of tokens; an entry lives as long as the record that memory holds. */
const compiled = new WeakMap<readonly string[], Networks>()

export function compileRouteNetworkRule(networks: readonly string[]): Rule {
  const admitted = compileNetworks(networks)
  return ({ client }) =>
    admitted.contains(client) ? undefined : refuse('network_not_allowed', 'outside the networks of the route')
}

export const tokenNetworkRule: Rule = ({ token, client }) => {
  if (token.networks === undefined || networksOf(token.networks).contains(client)) return undefined
  return refuse('network_not_allowed', 'outside the networks of the token')
}

function networksOf(cidrs: readonly string[]): Networks {
  const known = compiled.get(cidrs)
  if (known !== undefined) return known
  const networks = compileOrNowhere(cidrs)
  compiled.set(cidrs, networks)
  return networks
}

/** A record with a network that cannot be read covers no address. */
function compileOrNowhere(cidrs: readonly string[]): Networks {
  try {
    return compileNetworks(cidrs)
  } catch {
    return nowhere
  }
}
