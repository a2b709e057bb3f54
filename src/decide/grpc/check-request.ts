/**
 * `envoy.service.auth.v3.Authorization/Check`: one question, one answer, and no word about the response.
 * @module
 */

import { type ServerUnaryCall, type ServiceDefinition, type sendUnaryData, status } from '@grpc/grpc-js'
import {
  Authorization,
  type CheckRequest,
  type CheckResponse,
} from './generated/envoy/service/auth/v3/external_auth_pb.ts'
import { type AnsweringDesk, type ProveProxy, unproved } from './grpc-desk.ts'
import { definitionOf } from './method-definition.ts'
import { readCheck } from './read-check.ts'
import { problemOf, tellCheck } from './tell-check.ts'

export const authorization: ServiceDefinition = { check: definitionOf(Authorization.method.check) }

const door = 'envoy-grpc'

export function checkBy(desk: AnsweringDesk, prove: ProveProxy) {
  return async (call: ServerUnaryCall<CheckRequest, CheckResponse>, reply: sendUnaryData<CheckResponse>) => {
    const proxy = prove(call, door)
    if (proxy === undefined) {
      reply(unproved)
      return
    }
    try {
      const question = desk.ask(readCheck(call.request), { proxy: proxy.name, door, problemOf })
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
