/**
 * `grpc.health.v1.Health/Check` of the doors: whether questions are answered here. It tells nobody more than that, and
 * so needs no proof.
 * @module
 */

import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import {
  type ServerUnaryCall,
  type ServiceDefinition,
  type sendUnaryData,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js'
import { Authorization } from './generated/envoy/service/auth/v3/external_auth_pb.ts'
import {
  Health,
  type HealthCheckRequest,
  HealthCheckRequestSchema,
  type HealthCheckResponse,
  HealthCheckResponseSchema,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from './generated/grpc/health/v1/health_pb.ts'

/** `Watch` is not offered: who calls it is told UNIMPLEMENTED, which the protocol has clients take for an answer. */
export const health: ServiceDefinition = {
  check: {
    path: `/${Health.typeName}/${Health.method.check.name}`,
    requestStream: false,
    responseStream: false,
    requestDeserialize: (bytes: Buffer) => fromBinary(HealthCheckRequestSchema, bytes),
    requestSerialize: (message: HealthCheckRequest) =>
      Buffer.from(toBinary(HealthCheckRequestSchema, message)),
    responseDeserialize: (bytes: Buffer) => fromBinary(HealthCheckResponseSchema, bytes),
    responseSerialize: (message: HealthCheckResponse) =>
      Buffer.from(toBinary(HealthCheckResponseSchema, message)),
  },
}

/** The empty name is the whole server. */
const services: ReadonlySet<string> = new Set(['', Authorization.typeName])

export function healthBy(isServing: () => boolean): UntypedServiceImplementation {
  return {
    check: (
      { request: { service } }: ServerUnaryCall<HealthCheckRequest, HealthCheckResponse>,
      reply: sendUnaryData<HealthCheckResponse>,
    ) => {
      if (!services.has(service)) {
        reply({ code: status.NOT_FOUND, details: 'no such service' })
        return
      }
      const serving = isServing() ? ServingStatus.SERVING : ServingStatus.NOT_SERVING
      reply(null, create(HealthCheckResponseSchema, { status: serving }))
    },
  }
}
