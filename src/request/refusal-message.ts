/**
 * A refusal as a client reads it. The gateway's own form is a problem document; a profile has the form of the service
 * that it stands for, so that the service's clients understand it.
 * @module
 */

import type { CanonicalRequest } from './canonical-request.ts'
import type { Refusal } from './refusal.ts'

/** Body and headers (names and values in turn) of a refusal. Only public text: the reason stays in the log. */
export interface RefusalMessage {
  readonly body: string
  /** Where the service has another status for it than the gateway. */
  readonly status?: number
  readonly headers: readonly string[]
}

/** Writes refusals in the form of one kind of service. `scheme` is what the client spoke to the gateway. */
export type RenderRefusal = (
  refusal: Refusal,
  requestId: string,
  request: CanonicalRequest,
  scheme: 'http' | 'https',
) => RefusalMessage
