/**
 * The rows of attacks/response-attacks.ts, asked for over HTTP/2: what breaks off is reset, and never looks whole.
 * @module
 */

import t from 'tap'
import { headersFrame } from '../support/http2/frames.ts'
import { failureOfResponse, responseAttacks } from './attacks/response-attacks.ts'
import { codeOfHttp2, startHttp2Wire } from './http2-wire.ts'

for (const { id, title, inputs } of responseAttacks) {
  t.test(`${id} over HTTP/2: ${title}`, async (t) => {
    const wire = await startHttp2Wire(t)
    for (const input of inputs) {
      wire.upstream.reply(() => ({ raw: Buffer.from(input.raw, 'latin1') }))
      const answer = await wire.ask(headersFrame(1, wire.get('/a')))
      const whole = answer.isComplete ? { ...answer, rest: Buffer.alloc(0) } : undefined
      t.equal(failureOfResponse(input, whole), undefined, JSON.stringify(input.raw))
      t.equal(answer.goAway, undefined, 'the connection goes on')
      if (whole?.status === 502) t.equal(codeOfHttp2(answer), 'upstream_invalid', JSON.stringify(input.raw))
    }
    t.equal(wire.upstream.requests.length, inputs.length, 'each was asked once')
  })
}
