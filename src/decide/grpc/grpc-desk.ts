/**
 * What the gRPC services have in common: the desk that they ask, and the proof without which nobody is listened to.
 * @module
 */

import { type Metadata, status } from '@grpc/grpc-js'
import { isRefusal, type Refusal } from '../../request/refusal.ts'
import type { AskedRequest } from '../asked-request.ts'
import type { Asker } from '../decision-desk.ts'
import { type IdentifyProxy, type KnownProxy, proxySecretHeader } from '../known-proxies.ts'
import { type ConnectedCall, certificateNamesOfCall } from './call-certificate.ts'
import type { HeldAnswer } from './tell-process.ts'

/** As the gateway has it. */
export interface AnsweringDesk {
  ask(
    asked: AskedRequest | Refusal,
    asker: Asker,
  ): { readonly answered: Promise<HeldAnswer>; abandon(): void }
}

/** Told of each question by somebody who has not proved to be a proxy, and of the door that it was asked at. */
export type OnUnproved = (refusal: Refusal, door: string) => void

/** Of a call: what its client shows of itself. */
type Shown = ConnectedCall & { readonly metadata: Metadata }

/** `undefined` for who has not proved to be a proxy. */
export type ProveProxy = (call: Shown, door: string) => KnownProxy | undefined

export function proveBy(identify: IdentifyProxy, onUnproved: OnUnproved): ProveProxy {
  return (call, door) => {
    const secrets = call.metadata.get(proxySecretHeader).map(String)
    const proxy = identify({ secrets, certificateNames: certificateNamesOfCall(call) })
    if (!isRefusal(proxy)) return proxy
    onUnproved(proxy, door)
    return undefined
  }
}

/** The status of a call without proof. */
export const unproved = {
  code: status.UNAUTHENTICATED,
  details: 'only proxies that prove themselves may ask',
} as const
