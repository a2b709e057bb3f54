/**
 * What a token covers of the storage: the accounts and containers that it is bound to, below the paths that it is
 * narrowed to. The same for the resource of the request and for every other one that it names.
 * @module
 */

import { prefixCovers } from '../../tokens/path-prefix.ts'
import type { Token } from '../../tokens/token.ts'

/** An account, or something in it. */
export interface StoragePlace {
  readonly account: string
  readonly container?: string
  readonly object?: string
}

const any = '*'
const bindingKeys: ReadonlySet<string> = new Set(['account', 'container', 'upstream'])

/** Why the token does not cover the place at this upstream; `undefined` when it does. */
export function problemOfPlace(token: Token, place: StoragePlace, upstream: string): string | undefined {
  const { bindings, paths } = token
  const unknown = Object.keys(bindings).find((key) => !bindingKeys.has(key))
  if (unknown !== undefined) return `this kind of service has no ${unknown}`
  if (!covers(bindings.account, place.account)) return 'the token is not bound to the account'
  if (bindings.upstream !== undefined && !covers(bindings.upstream, upstream)) {
    return 'the token is of another upstream'
  }
  if (bindings.container !== undefined && !covers(bindings.container, place.container)) {
    return 'the token is not bound to the container'
  }
  if (paths !== undefined && !paths.some((prefix) => prefixCovers(prefix, pathOfPlace(place)))) {
    return 'outside the paths of the token'
  }
  return undefined
}

/** Whether the token covers everything in the accounts that it is bound to. */
export function spansAccounts({ bindings, paths }: Token): boolean {
  return paths === undefined && (bindings.container === undefined || bindings.container.includes(any))
}

/** Whether the token covers every account of this upstream: nothing that a request names can be outside. */
export function spansStorage(token: Token, upstream: string): boolean {
  return spansAccounts(token) && problemOfPlace(token, { account: any }, upstream) === undefined
}

function covers(values: readonly string[] | undefined, value: string | undefined): boolean {
  return values !== undefined && value !== undefined && (values.includes(any) || values.includes(value))
}

/** Names as they are: Swift takes `..` and `//` in the name of an object literally. */
function pathOfPlace({ account, container, object }: StoragePlace): string {
  return ['/v1', account, container, object].filter((name) => name !== undefined).join('/')
}
