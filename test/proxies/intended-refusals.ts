/**
 * What the gateway lets pass and a proxy that asks it does not, with the reason for it.
 * @module
 */

import type { ProxyName } from './install-proxies.ts'

/** By the title of the case. */
type Reasons = Readonly<Record<string, string>>

export const reasonsToRefuse: Readonly<Record<ProxyName, Reasons>> = {
  nginx: {},
  traefik: {},
  caddy: {},
  envoy: {},
}
