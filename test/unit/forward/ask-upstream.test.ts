/**
 * A question to an upstream has one whole answer in time, or rejects; either way it is counted as long as it lasts.
 * @module
 */

import t from 'tap'
import { askUpstream } from '../../../src/forward/ask-upstream.ts'
import type { ResponseReceiver, UpstreamRequest } from '../../../src/forward/upstream-client.ts'
import type { Upstream } from '../../../src/forward/upstreams.ts'

const head = { status: 200, reason: 'OK', headers: ['a', 'b'], bodyBytes: undefined }
const question = { method: 'HEAD', target: '/v1/a', headers: ['x', 'y'] }
const limits = { deadlineMs: 1_000, bodyBytesMax: 4 }

/** An upstream that does what it is told with each question. */
function upstreamThat(answer: (receiver: ResponseReceiver, request: UpstreamRequest) => void) {
  const seen = { aborted: 0 }
  const upstream: Upstream = {
    name: 'one',
    origin: 'http://one.example',
    authority: 'one.example',
    connections: 1,
    requestsMax: 2,
    requests: 0,
    timeouts: { connect: 1_000, headers: 1_000, bodyIdle: 1_000, keepAlive: 1_000 },
    findDial: () => {
      throw new Error('a question needs no tunnel')
    },
    tunnelsMax: 0,
    tunnels: 0,
    client: {
      send(request, receiver) {
        queueMicrotask(() => answer(receiver, request))
        return { pause() {}, resume() {}, abort: () => void seen.aborted++ }
      },
      close: async () => {},
    },
  }
  return { upstream, seen }
}

t.test('the whole answer is yielded, and the question says where it goes', async (t) => {
  const { upstream } = upstreamThat((receiver, request) => {
    const asked = { headers: ['host', 'one.example', 'x', 'y'], body: undefined, expectsContinue: false }
    t.strictSame(request, { ...question, ...asked })
    t.equal(upstream.requests, 1)
    receiver.onHead(head)
    for (const text of ['ab', 'cd']) receiver.onData(Buffer.from(text))
    receiver.onEnd()
  })
  const { body, ...rest } = await askUpstream(upstream, question, limits)
  t.match(rest, { status: 200, headers: ['a', 'b'] })
  t.equal(body.toString(), 'abcd')
  t.equal(upstream.requests, 0)
})

t.test('silence, failure, an answer too long and one without a head reject', async (t) => {
  for (const [says, answer, aborted] of [
    ['no answer in time', () => {}, 1],
    ['the upstream failed', (receiver: ResponseReceiver) => receiver.onFailure(new Error('reset')), 0],
    ['an answer without a head', (receiver: ResponseReceiver) => receiver.onEnd(), 0],
    [
      'the answer is too long',
      (receiver: ResponseReceiver) => {
        receiver.onHead(head)
        receiver.onData(Buffer.from('abcde'))
      },
      1,
    ],
  ] as const) {
    const { upstream, seen } = upstreamThat(answer)
    await t.rejects(askUpstream(upstream, question, { ...limits, deadlineMs: 20 }), { message: says })
    t.equal(upstream.requests, 0)
    t.equal(seen.aborted, aborted)
  }
})

t.test('an upstream that has its fill is not asked', async (t) => {
  const { upstream } = upstreamThat(() => t.fail('asked'))
  upstream.requests = upstream.requestsMax
  await t.rejects(askUpstream(upstream, question, limits), { name: 'UpstreamSilent' })
  t.equal(upstream.requests, upstream.requestsMax)
})
