/**
 * Refusals in the words of Swift, so that its clients read them as they read its own.
 * @module
 */

import { STATUS_CODES } from 'node:http'
import type { CanonicalRequest } from '../../request/canonical-request.ts'
import { type Refusal, refuse } from '../../request/refusal.ts'
import type { RefusalMessage } from '../../request/refusal-message.ts'
import type { LoginProblem } from './login-request.ts'
import { accountOf } from './swift-request.ts'
import { swiftRealm, swiftRefusal } from './swift-refusals.ts'

/** The refusal of a login, with its own realm. */
export function swiftDenial(problem: LoginProblem): Refusal {
  if (problem.status === 400) return refuse('malformed_request', problem.reason)
  return refuse('invalid_token', problem.reason, { challenge: swiftRealm(problem.realm) })
}
