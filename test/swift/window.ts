/**
 * A window between a gateway and Swift: whatever goes up is seen, and is answered by Swift unless the test says
 * otherwise.
 * @module
 */

import type { Scope } from '../support/private-server.ts'
import { request } from '../support/raw-request.ts'
import { type RecordingUpstream, type ReplyTo, recordingUpstream } from '../support/recording-upstream.ts'
import { directly } from './ways.ts'

/** Before the Swift that the whole run shares, unless another is given. */
export function openWindow(t: Scope, port = directly().port): Promise<RecordingUpstream> {
  return recordingUpstream(t, answeredBy(port))
}

const ofTheConnection = new Set(['connection', 'keep-alive', 'transfer-encoding'])

/** The answer of Swift to the same request. */
export function answeredBy(port: number): ReplyTo {
  return async ({ method, target, headers, body }) => {
    const carried = headers.filter(([name]) => !ofTheConnection.has(name.toLowerCase()))
    const plain = { method, path: target, headers: carried, body }
    const answer = await request(port, plain, { timeoutMs: 30_000 })
    return { ...answer, headers: answer.headers.filter(([name]) => !ofTheConnection.has(name.toLowerCase())) }
  }
}
