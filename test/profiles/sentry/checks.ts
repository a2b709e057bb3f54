/**
 * What the tests of the profile assert of answers: Sentry's refusals to the byte, and who Sentry saw.
 * @module
 */

import type { Test } from 'tap'
import type { RawAnswer } from '../../support/raw-request.ts'
import type { Scene } from './scene.ts'

/** 401 in the words of Sentry, and nothing went up. */
export async function isRefused(
  t: Test,
  { sentry }: Scene,
  send: () => Promise<RawAnswer>,
  detail: string,
  name = detail,
): Promise<void> {
  const before = sentry.requests.length
  const answer = await send()
  t.equal(answer.status, 401, `${name}: 401`)
  t.equal(answer.body.toString(), `{"detail":"${detail}"}`, `${name}: the sentence`)
  t.strictSame(answer.header('www-authenticate'), ['xBasic realm="api"'], `${name}: the challenge`)
  t.strictSame(answer.header('content-type'), ['application/json'], `${name}: JSON`)
  t.equal(sentry.requests.length, before, `${name}: nothing went up`)
}

/** Sentry answered, and saw whom it should. */
export async function isSeenAs(
  t: Test,
  send: () => Promise<RawAnswer>,
  as: string,
  name = as,
): Promise<void> {
  const answer = await send()
  t.equal(answer.status, 200, `${name}: 200`)
  t.equal(answer.body.toString(), `{"as":"${as}"}`, `${name}: as ${as}`)
}
