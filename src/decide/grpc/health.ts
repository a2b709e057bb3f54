/**
 * `grpc.health.v1.Health/Check` of the doors: whether questions are answered here. It tells nobody more than that, and
 * so needs no proof.
 * @module
 */

import { create } from '@bufbuild/protobuf'
import {
  type ServerUnaryCall,
  type ServiceDefinition,
  type sendUnaryData,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js'
import { Authorization } from './generated/envoy/service/auth/v3/external_auth_pb.ts'
import { ExternalProcessor } from './generated/envoy/service/ext_proc/v3/external_processor_pb.ts'
import {
  Health,
  type HealthCheckRequest,
  type HealthCheckResponse,
  HealthCheckResponseSchema,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from './generated/grpc/health/v1/health_pb.ts'
import { definitionOf } from './method-definition.ts'

/** `Watch` is not offered: who calls it is told UNIMPLEMENTED, which the protocol has clients take for an answer. */
export const health: ServiceDefinition = { check: definitionOf(Health.method.check) }

/** The empty name is the whole server. */
const services: ReadonlySet<string> = new Set(['', Authorization.typeName, ExternalProcessor.typeName])

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
