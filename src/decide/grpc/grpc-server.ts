/**
 * The listener of the gRPC doors. A question is only taken from a proxy that proves itself, and each is answered within
 * the bound of the desk or broken off.
 * @module
 */

import { fromBinary, toBinary } from '@bufbuild/protobuf'
import {
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceDefinition,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js'
import { isRefusal, type Refusal } from '../../request/refusal.ts'
import type { AskedRequest } from '../asked-request.ts'
import type { Asker } from '../decision-desk.ts'
import { type IdentifyProxy, proxySecretHeader } from '../known-proxies.ts'
import {
  Authorization,
  type CheckRequest,
  CheckRequestSchema,
  type CheckResponse,
  CheckResponseSchema,
} from './generated/envoy/service/auth/v3/external_auth_pb.ts'
import { health, healthBy } from './health.ts'
import { readCheck } from './read-check.ts'
import { problemOf, type ToldAnswer, tellCheck } from './tell-check.ts'

/** A head of the greatest size that the data plane takes, and what Envoy says beside it. */
const messageBytesMax = 256 * 1024
const streamsMax = 1000

/** As the gateway has it. */
export interface CheckDesk {
  ask(
    asked: AskedRequest | Refusal,
    asker: Asker,
  ): { readonly answered: Promise<ToldAnswer>; abandon(): void }
}

export interface GrpcServerOptions {
  readonly address: string
  readonly port: number
  readonly desk: CheckDesk
  readonly identify: IdentifyProxy
  /** Told of each question by somebody who has not proved to be a proxy. */
  readonly onUnproved: (refusal: Refusal) => void
  /** Whether the gateway is ready, and not about to go. */
  readonly isServing: () => boolean
  readonly drainMs: number
}

export interface GrpcServer {
  readonly address: string
  readonly port: number
  /** Takes no more questions, lets those under way be answered within the time, and breaks off the rest. Idempotent. */
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
  server.addService(authorization, { check: checkWith(options) })
  server.addService(health, healthBy(options.isServing))
  const { address, port, drainMs } = options
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const place = `${address.includes(':') ? `[${address}]` : address}:${port}`
  server.bindAsync(place, ServerCredentials.createInsecure(), (error, bound) => {
    if (error === null) resolve(bound)
    else reject(error)
  })
  let closing: Promise<void> | undefined
  return {
    address,
    port: await promise,
    close: () => {
      closing ??= close(server, drainMs)
      return closing
    },
  }
}

const authorization: ServiceDefinition = {
  check: {
    path: `/${Authorization.typeName}/${Authorization.method.check.name}`,
    requestStream: false,
    responseStream: false,
    requestDeserialize: (bytes: Buffer) => fromBinary(CheckRequestSchema, bytes),
    requestSerialize: (message: CheckRequest) => Buffer.from(toBinary(CheckRequestSchema, message)),
    responseDeserialize: (bytes: Buffer) => fromBinary(CheckResponseSchema, bytes),
    responseSerialize: (message: CheckResponse) => Buffer.from(toBinary(CheckResponseSchema, message)),
  },
}

function checkWith({ desk, identify, onUnproved }: GrpcServerOptions) {
  return async (call: ServerUnaryCall<CheckRequest, CheckResponse>, reply: sendUnaryData<CheckResponse>) => {
    const secrets = call.metadata.get(proxySecretHeader).map(String)
    const proxy = identify({ secrets, certificateNames: [] })
    if (isRefusal(proxy)) {
      onUnproved(proxy)
      reply({ code: status.UNAUTHENTICATED, details: 'only proxies that prove themselves may ask' })
      return
    }
    try {
      const question = desk.ask(readCheck(call.request), { proxy: proxy.name, door: 'envoy-grpc', problemOf })
      call.once('cancelled', () => question.abandon())
      const answer = await question.answered
      if (answer.kind === 'allowed') answer.close()
      reply(null, tellCheck(answer))
    } catch {
      // A defect, and no verdict: the proxy has to refuse. What was thrown may hold what a client sent.
      reply({ code: status.INTERNAL, details: 'the question could not be answered' })
    }
  }
}

async function close(server: Server, drainMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const force = setTimeout(() => {
    server.forceShutdown()
    resolve()
  }, drainMs)
  server.tryShutdown(() => resolve())
  await promise
  clearTimeout(force)
}
