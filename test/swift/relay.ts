/**
 * Stands between a gateway and Swift, keeps what passes, and can hold or break off what a test chooses.
 * @module
 */

import type { Scope } from '../support/private-server.ts'
import { request } from '../support/raw-request.ts'
import {
  type RecordedRequest,
  type RecordingUpstream,
  recordingUpstream,
} from '../support/recording-upstream.ts'
import { directly } from './ways.ts'

export interface Relay extends RecordingUpstream {
  /** What happens to requests before they go on; a rejection breaks the connection off. */
  before(wait: (request: RecordedRequest) => unknown): void
}

const framing = /^(connection|transfer-encoding|keep-alive)$/i

export async function startRelay(t: Scope): Promise<Relay> {
  const { port } = directly()
  let wait: (request: RecordedRequest) => unknown = () => undefined
  const relay = await recordingUpstream(t, async (asked) => {
    await wait(asked)
    const { method, target: path, headers, body } = asked
    const kept = headers.filter(([name]) => !framing.test(name))
    const answer = await request(port, { method, path, headers: kept, body }, { timeoutMs: 30_000 })
    const back = answer.headers.filter(([name]) => !/^content-length$/i.test(name) && !framing.test(name))
    return { status: answer.status, headers: back, body: answer.body }
  })
  return Object.assign(relay, {
    before: (next: typeof wait) => {
      wait = next
    },
  })
}

/** The gateway's own question who owns an account. */
export function asksWhoOwns({ method, headers }: RecordedRequest): boolean {
  return method === 'POST' && headers.some(([name]) => name.toLowerCase() === 'x-account-meta-')
}

/** The gateway's own login, and not a client's: those do not reach Swift. */
export function isLogin({ target }: RecordedRequest): boolean {
  return target.startsWith('/auth/')
}
