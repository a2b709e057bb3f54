/**
 * Swift's own tokens for the subjects of this gateway: requests go up as the subject itself, with a login that is kept
 * sealed in the store and made again when Swift's token ends or is refused.
 * @module
 */

import type { UpstreamAnswer } from '../../forward/ask-upstream.ts'
import { Secret } from '../../lib/secret.ts'
import { valuesOfHeader } from '../../request/header-name.ts'
import type { UpstreamSession } from '../../tokens/upstream-logins/upstream-login.ts'
import type { UpstreamLogins } from '../../tokens/upstream-logins/upstream-logins.ts'
import type { FindServices } from '../services.ts'
import type { SwiftQuestions } from './ask-swift.ts'

export interface SwiftSessionsOptions {
  readonly upstream: string
  readonly questions: SwiftQuestions
  readonly timeoutMs: number
  readonly findServices: FindServices
}

/** A login that Swift has accepted, or `refused`. Throws when the answer is neither. */
export function sessionIn({ status, headers }: UpstreamAnswer, now: number): UpstreamSession | 'refused' {
  if (status === 401 || status === 403) return 'refused'
  const [token] = valuesOfHeader(headers, 'x-auth-token')
  const [seconds = ''] = valuesOfHeader(headers, 'x-auth-token-expires')
  if (status !== 200 || token === undefined || !/^\d{1,10}$/.test(seconds)) {
    throw new Error(`Swift answered a login with ${status} and no token`)
  }
  const [storageUrl] = valuesOfHeader(headers, 'x-storage-url')
  return { token: new Secret(token), expiresAt: now + Number(seconds) * 1000, storageUrl }
}

/** The sessions of an upstream, opened when the first request needs them. */
export function lazySessions(options: SwiftSessionsOptions): {
  readonly sessions: () => UpstreamLogins
  readonly close: () => void
} {
  const { upstream, questions, timeoutMs, findServices } = options
  let logins: UpstreamLogins | undefined
  const sessions = () => {
    logins ??= findServices().openLogins(
      upstream,
      async ({ user, key }) =>
        sessionIn(await questions.logIn({ name: user, key }), findServices().clock.now()),
      timeoutMs,
    )
    return logins
  }
  const close = () => {
    if (logins !== undefined) findServices().closeLogins(logins)
    logins = undefined
  }
  return { sessions, close }
}
