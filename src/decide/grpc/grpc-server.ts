/**
 * The listener of the gRPC doors. A question is only taken from a proxy that proves itself, and each is decided within
 * the bound of the desk or broken off.
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { Server } from '@grpc/grpc-js'
import type { IdentifyProxy } from '../known-proxies.ts'
import { authorization, checkBy } from './check-request.ts'
import { type AnsweringDesk, type OnUnproved, proveBy } from './grpc-desk.ts'
import { type GrpcListener, type GrpcTls, openGrpcListener } from './grpc-listener.ts'
import { health, healthBy } from './health.ts'
import { externalProcessor, processBy } from './process-request.ts'

/** A head of the greatest size that the data plane takes, and what Envoy says beside it. */
const messageBytesMax = 256 * 1024
const streamsMax = 1000

export interface GrpcServerOptions {
  readonly address: string
  readonly port: number
  readonly desk: AnsweringDesk
  readonly identify: IdentifyProxy
  readonly onUnproved: OnUnproved
  /** Whether the gateway is ready, and not about to go. */
  readonly isServing: () => boolean
  /** Plain without it. */
  readonly tls?: GrpcTls | undefined
  readonly connectionsMax: number
  /** How long it goes on taking questions once it is told to close, so that proxies can notice. */
  readonly drainDelayMs: number
  /** How long questions may take from then on. */
  readonly drainMs: number
}

export interface GrpcServer {
  readonly address: string
  readonly port: number
  /**
   * As that of the data plane: goes on for the delay, then takes no more questions, lets those under way be answered
   * within the time, and breaks off the rest. Idempotent.
   */
  close(): Promise<void>
}

/** Rejects when it cannot listen. */
export async function openGrpcServer(options: GrpcServerOptions): Promise<GrpcServer> {
  // Its bookkeeping (channelz) stays on: without it a forced shutdown leaves sessions open.
  const server = new Server({
    'grpc.max_receive_message_length': messageBytesMax,
    'grpc.max_concurrent_streams': streamsMax,
    'grpc-node.max_session_memory': 16,
  })
  const { address, port, desk, identify, onUnproved, isServing, tls, connectionsMax } = options
  const prove = proveBy(identify, onUnproved)
  server.addService(authorization, { check: checkBy(desk, prove) })
  server.addService(externalProcessor, { process: processBy(desk, prove) })
  server.addService(health, healthBy(isServing))
  const listener = await openGrpcListener(server, { host: address, port }, tls, connectionsMax)
  let closing: Promise<void> | undefined
  return {
    address: listener.address,
    port: listener.port,
    close: () => {
      closing ??= close(server, listener, options)
      return closing
    },
  }
}

async function close(
  server: Server,
  listener: GrpcListener,
  { drainDelayMs, drainMs }: Pick<GrpcServerOptions, 'drainDelayMs' | 'drainMs'>,
): Promise<void> {
  if (drainDelayMs > 0) await sleep(drainDelayMs)
  const left = listener.leave()
  const force = setTimeout(() => {
    server.forceShutdown()
    listener.closeAll()
  }, drainMs)
  // Each connection is told to go. When it has ended it does not say: Node closes the sessions before it asks them.
  server.tryShutdown(() => {})
  await left
  clearTimeout(force)
  listener.closeAll()
}
