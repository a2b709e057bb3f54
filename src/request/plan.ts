/**
 * What start-up compiled for the path of a request: nothing is looked up there that could be known before.
 * @module
 */

import type { Challenges } from '../authenticate/challenge.ts'
import type { ExtractCredential } from '../authenticate/extract-credential.ts'
import type { Authorize } from '../authorize/authorize.ts'
import type { ConcludeSettings } from '../authorize/conclude.ts'
import type { AdmitPreflight } from '../authorize/preflight.ts'
import type { Address } from '../client-address/address.ts'
import type { FindClientAddress } from '../client-address/client-address.ts'
import type { Networks } from '../client-address/networks.ts'
import type { Anonymity } from '../config/schema/routes.ts'
import type { RouteTimeouts } from '../forward/upstream-client.ts'
import type { Upstream } from '../forward/upstreams.ts'
import type { RouteLimits } from '../limits/limit-book.ts'
import type { RouteProfile } from '../profiles/profile.ts'
import type { AssertGrant } from '../rewrite/assertion-header.ts'
import type { FilterResponse } from '../rewrite/filter-response.ts'
import type { HeaderPairs } from '../rewrite/identity-headers.ts'
import type { RewriteRequest } from '../rewrite/rewrite-request.ts'
import type { RouteTable } from '../route/route-table.ts'
import type { ResolveToken } from '../tokens/resolve-token.ts'
import type { Token } from '../tokens/token.ts'
import type { FindKeys } from './answer-keys.ts'
import type { HeadLimits } from './canonical-request.ts'
import type { Exchange } from './exchange.ts'
import type { UpgradePlan } from './find-upgrade.ts'
import type { OpenExchanges } from './open-exchanges.ts'
import type { Refusal } from './refusal.ts'
import type { RefusalMessage } from './refusal-message.ts'

/** One route's stages. */
export interface RoutePlan {
  readonly profile: RouteProfile
  readonly isPublic: boolean
  readonly missingCredential: Anonymity
  readonly invalidCredential: Anonymity
  readonly allowsUnderscoreNames: boolean
  readonly challenges: Challenges
  readonly limits: RouteLimits
  readonly extractCredential: ExtractCredential
  readonly authorize: Authorize
  readonly admitPreflight: AdmitPreflight | undefined
  readonly conclusion: ConcludeSettings
  /** What the upstream gets where a token was let through and the profile says nothing else. */
  readonly sharedCredential: HeaderPairs
  readonly assertGrant: AssertGrant
  readonly rewriteRequest: RewriteRequest
  readonly upstream: Upstream
  readonly filterResponse: FilterResponse
  readonly upgrade: UpgradePlan
  readonly timeouts: RouteTimeouts
}

/** The gateway's stages. A reload makes a new plan; exchanges keep the one they began with. */
export interface Plan {
  readonly headLimits: HeadLimits
  /** The header of trusted proxies that is believed, in lower case. */
  readonly forwardedHeader: string
  readonly findClientAddress: FindClientAddress
  readonly trustedProxies: Networks
  readonly findKeys: FindKeys
  readonly routes: RouteTable<RoutePlan>
  readonly resolveToken: ResolveToken
  readonly openExchanges: OpenExchanges
  /** Told of each request that a token was let through for. */
  readonly noteUse: (token: Token, client: Address) => void
  /** In the gateway's own form, unless a message is given. */
  readonly sendRefusal: (exchange: Exchange, refusal: Refusal, message?: RefusalMessage) => void
}
