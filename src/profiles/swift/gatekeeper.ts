/**
 * Header names that never pass between a client and Swift, as its gatekeeper has them. Names are folded: lower case,
 * `_` read as `-`, as WSGI reads them.
 * @module
 */

/** The patterns of Swift's gatekeeper, which are the same in both directions. */
const gatekept =
  /^x-(?:account-sysmeta-|container-sysmeta-|object-sysmeta-|object-transient-sysmeta-|backend|account-(?:host|device|partition)$|container-(?:host|device|partition|root-db-state)$|delete-at-(?:host|device|partition|container)$)/

/** Whether the gatekeeper takes this header off every request and every response. */
export function isGatekept(folded: string): boolean {
  return gatekept.test(folded)
}
