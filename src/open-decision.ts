/**
 * Opens the door for other proxies, which ask the gateway about the requests that they hold.
 * @module
 */

import type { Settings } from './config/schema/settings.ts'
import { DecisionDesk } from './decide/decision-desk.ts'
import { type GrpcServer, type GrpcServerOptions, openGrpcServer } from './decide/grpc/grpc-server.ts'
import { type DecisionServer, openDecisionServer } from './decide/http/decision-server.ts'
import { compileKnownProxies } from './decide/known-proxies.ts'
import type { Overload } from './listen/overload.ts'
import { requestIds } from './listen/request-ids.ts'
import type { Serving } from './listen/tell-story.ts'
import type { Log } from './observability/log.ts'
import type { Metrics } from './observability/metrics.ts'
import { openCertificates } from './open-certificates.ts'

export interface DecisionParts {
  /** Whether the gateway is ready, and not about to go. */
  readonly isServing: () => boolean
  readonly inForce: () => Serving
  /** That of the data plane: both doors share what the gateway can do at once. */
  readonly overload: Overload
  readonly keySet: () => string
  readonly log: Log
  readonly metrics: Metrics
}

/** Where proxies ask. */
export interface DecisionPlaces {
  readonly http: Place
  readonly grpc: Place | undefined
  close(): Promise<void>
}
type Place = { readonly address: string; readonly port: number }

/** `undefined` where nobody may ask. What follows the certificates is added to `closers`. */
export async function openDecision(
  { decision, listen }: Pick<Settings, 'decision' | 'listen'>,
  { inForce, overload, isServing, keySet, log, metrics }: DecisionParts,
  closers: (() => Promise<void>)[],
): Promise<DecisionPlaces | undefined> {
  if (decision === undefined) return undefined
  const certificates = openCertificates(decision.tls, log, metrics, closers)
  const desk = new DecisionDesk({ inForce, overload, nextId: requestIds(), timeoutMs: decision.timeout })
  const identify = compileKnownProxies(decision.proxies)
  const http = await openDecisionServer({ decision, listen, certificates, desk, identify, keySet, log })
  const { limits, timeouts } = listen
  const grpc = await openGrpc(
    decision.grpc,
    {
      desk,
      identify,
      isServing,
      tls: certificates &&
        decision.tls && { settings: decision.tls, certificates, handshakeTimeoutMs: timeouts.handshake },
      connectionsMax: limits.connections,
      drainDelayMs: timeouts.drainDelay,
      drainMs: timeouts.drain,
    },
    http,
  )
  return {
    http,
    grpc,
    close: async () => void (await Promise.all([http.close(), grpc?.close()])),
  }
}

/** With the other listener closed again when this one cannot be opened. */
async function openGrpc(
  place: NonNullable<Settings['decision']>['grpc'],
  parts: Omit<GrpcServerOptions, 'address' | 'port' | 'onUnproved' | 'desk'> & {
    readonly desk: DecisionDesk
  },
  http: DecisionServer,
): Promise<GrpcServer | undefined> {
  if (place === undefined) return undefined
  const unknown = { proxy: '(unknown)', problemOf: () => undefined }
  try {
    const onUnproved: GrpcServerOptions['onUnproved'] = (refusal, door) =>
      void parts.desk.ask(refusal, { ...unknown, door })
    return await openGrpcServer({ ...parts, ...place, onUnproved })
  } catch (error) {
    await http.close()
    throw error
  }
}
