/**
 * The doors of the gateway: clients come to have their requests carried, other proxies to ask what to do with theirs.
 * All go through one story, and part only behind its last stage.
 * @module
 */

import type { Forwarding } from '../forward/forward.ts'
import type { Upstream } from '../forward/upstreams.ts'
import type { GrantedRequest } from '../profiles/profile.ts'
import type { OutgoingRequest } from '../rewrite/rewrite-request.ts'

export interface Door {
  /** Takes a request that was let through where it is to go. Called at most once for an exchange. */
  readonly deliver: (
    granted: GrantedRequest,
    outgoing: OutgoingRequest,
    upstream: Upstream,
    forwarding: Forwarding,
  ) => void
  /** False where nothing but the decision can be told, so that the gateway serves no request by itself. */
  readonly canServe: boolean
}
