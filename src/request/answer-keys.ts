/**
 * Where the gateway publishes its keys on the data plane: for everybody, on every host, without a credential.
 * @module
 */

import type { Settings } from '../config/schema/settings.ts'
import type { Serve } from '../profiles/profile.ts'
import type { FindServices } from '../profiles/services.ts'
import { keySetOf, keySetType } from '../tokens/assertions/key-set.ts'
import type { KeyRing } from '../tokens/keys/key-ring.ts'
import type { SigningAlgorithm } from '../tokens/keys/signing-key.ts'
import { answerWith } from './answer-with.ts'
import type { CanonicalRequest } from './canonical-request.ts'
import type { Exchange } from './exchange.ts'
import { type Refusal, refuse } from './refusal.ts'

/** How to answer a request for the keys, ahead of every route; `undefined` for all others. */
export type FindKeys = (exchange: Exchange, request: CanonicalRequest) => Serve | undefined

/** `keysPath` is compared byte for byte. Without one nothing is published here. */
export function compileFindKeys(assertion: Settings['assertion'], findServices: FindServices): FindKeys {
  if (assertion?.keysPath === undefined) return () => undefined
  const { keysPath, algorithm } = assertion
  return (exchange, { rawPath, method }) =>
    rawPath === keysPath
      ? async () => answerKeys(exchange, method, findServices().keyRing, algorithm)
      : undefined
}

/** The key set of a ring, for GET and HEAD. */
export function answerKeys(
  exchange: Exchange,
  method: string,
  ring: KeyRing,
  ofAssertions?: SigningAlgorithm,
): Refusal | undefined {
  if (method !== 'GET' && method !== 'HEAD') return refuse('not_found', 'keys are only read')
  const body = JSON.stringify(keySetOf(ring, ofAssertions))
  answerWith(exchange, body, ['content-type', keySetType, 'cache-control', 'max-age=60'])
  return undefined
}
