/**
 * Health of the gRPC doors, as a balancer in front of them asks for it.
 * @module
 */

import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { Client, credentials, status } from '@grpc/grpc-js'
import t from 'tap'
import {
  HealthCheckRequestSchema,
  type HealthCheckResponse,
  HealthCheckResponseSchema,
} from '../../../../src/decide/grpc/generated/grpc/health/v1/health_pb.ts'
import { openGrpcServer } from '../../../../src/decide/grpc/grpc-server.ts'
import { compileKnownProxies } from '../../../../src/decide/known-proxies.ts'

t.test('says whether the gateway is ready, without a secret, and knows its services alone', async (t) => {
  let isServing = true
  const server = await openGrpcServer({
    address: '127.0.0.1',
    port: 0,
    desk: {
      ask: () => {
        throw new Error('asked')
      },
    },
    identify: compileKnownProxies([]),
    onUnproved: () => t.fail('a probe is no question'),
    isServing: () => isServing,
    connectionsMax: 100,
    drainDelayMs: 0,
    drainMs: 200,
  })
  const client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure())
  t.teardown(async () => {
    client.close()
    await server.close()
  })
  const check = (service: string) =>
    new Promise<HealthCheckResponse['status']>((resolve, reject) => {
      client.makeUnaryRequest(
        '/grpc.health.v1.Health/Check',
        (name: string) =>
          Buffer.from(
            toBinary(HealthCheckRequestSchema, create(HealthCheckRequestSchema, { service: name })),
          ),
        (bytes) => fromBinary(HealthCheckResponseSchema, bytes).status,
        service,
        (error, answer) => (answer === undefined ? reject(error) : resolve(answer)),
      )
    })

  t.equal(await check(''), 1)
  t.equal(await check('envoy.service.auth.v3.Authorization'), 1)
  isServing = false
  t.equal(await check(''), 2)
  await t.rejects(check('another.Service'), { code: status.NOT_FOUND })
})
