/**
 * Header names with a meaning inside Swift: those of account and container owners, and those that never pass
 * between a client and Swift at all. Every name is folded: lower case, `_` read as `-`, as WSGI reads it.
 * @module
 */

/** What only an owner may set and see (`swift_owner_headers`), as Swift has it by default. */
export const ownerHeaders: readonly string[] = [
  'x-account-access-control',
  'x-account-meta-temp-url-key',
  'x-account-meta-temp-url-key-2',
  'x-container-meta-temp-url-key',
  'x-container-meta-temp-url-key-2',
  'x-container-read',
  'x-container-sync-key',
  'x-container-sync-to',
  'x-container-write',
]

const owned: ReadonlySet<string> = new Set(ownerHeaders)
const removals: ReadonlySet<string> = new Set(ownerHeaders.map((name) => `x-remove-${name.slice(2)}`))

/** Whether only an owner may set or see this header. */
export function isOwnerHeader(folded: string): boolean {
  return owned.has(folded)
}

/** Whether this header, with any value, clears an owner's header. Swift itself takes it from everybody who may write. */
export function removesOwnerHeader(folded: string): boolean {
  return removals.has(folded)
}

/** The patterns of Swift's gatekeeper, which are the same in both directions. */
const gatekept =
  /^x-(?:account-sysmeta-|container-sysmeta-|object-sysmeta-|object-transient-sysmeta-|backend|account-(?:host|device|partition)$|container-(?:host|device|partition|root-db-state)$|delete-at-(?:host|device|partition|container)$)/

/** Whether the gatekeeper takes this header off every request and every response. */
export function isGatekept(folded: string): boolean {
  return gatekept.test(folded)
}

/**
 * Whether the gatekeeper renames this header of a request to an internal one: `X-Timestamp` always (the
 * authenticity of container sync rests on it), `X-Allow-Reserved-Names` where the operator allows that.
 */
export function isShunted(folded: string): boolean {
  return folded === 'x-timestamp' || folded === 'x-allow-reserved-names'
}
