/**
 * The shape of a rule: it sees the token itself and the canonical request, and yields a refusal or nothing.
 * A rule that meets a value it does not know refuses.
 * @module
 */

import type { Address } from '../../client-address/address.ts'
import type { CanonicalRequest } from '../../request/canonical-request.ts'
import type { Refusal } from '../../request/refusal.ts'
import type { Token } from '../../tokens/token.ts'

/** What a matched route says of the resource. */
export interface Resource {
  /** Parameters of the path. */
  readonly parameters: Readonly<Record<string, string>>
  /** The path that will be forwarded. */
  readonly path: string
  /** What was looked up of it, where the route asks for that; what is not known of it is left out. */
  readonly facts?: Readonly<Record<string, string>>
}

/** All that a decision is made of. */
export interface RuleInput {
  readonly token: Token
  readonly request: CanonicalRequest
  readonly resource: Resource
  readonly client: Address
}

export type Rule = (input: RuleInput) => Refusal | undefined
