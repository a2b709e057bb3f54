/**
 * Heads of HTTP/2 that unfold to more than they are, or that are too many lines.
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { errorCodes, headersFrame } from '../support/http2/frames.ts'
import { firstDynamicIndex, headerBlock, indexed, keptLiteral } from '../support/http2/hpack.ts'
import { codeOfHttp2, type Http2Wire, startHttp2Wire } from './http2-wire.ts'

const mebibyte = 1_048_576

/** One large line in the table, and as many references to it as fit into a frame. */
async function bomb(t: Test, wire: Http2Wire, name: string, references: number): Promise<void> {
  const connection = await wire.open()
  const line = keptLiteral([name, 'x'.repeat(3_900)])
  connection.send(headersFrame(1, Buffer.concat([wire.get('/table'), line])))
  t.equal((await connection.answer(1)).status, 200)
  // The use of the token is recorded behind the answer.
  await sleep(150)
  const before = { requests: wire.upstream.requests.length, work: await wire.work() }
  const memory = process.memoryUsage().rss
  for (let index = 1; index <= 50; index++) {
    const bombs = Buffer.concat(Array.from({ length: references }, () => indexed(firstDynamicIndex)))
    connection.send(headersFrame(2 * index + 1, Buffer.concat([wire.get('/bomb'), bombs])))
  }
  for (let index = 1; index <= 50; index++) {
    const { status, reset, goAway } = await connection.answer(2 * index + 1)
    t.ok(
      status === 431 || reset === errorCodes.enhanceYourCalm || goAway !== undefined,
      `${status} ${reset} ${goAway}`,
    )
  }
  t.ok(process.memoryUsage().rss - memory < 256 * mebibyte, 'no memory')
  t.strictSame({ requests: wire.upstream.requests.length, work: await wire.work() }, before)
}

for (const name of ['x-bomb', 'cookie', 'accept']) {
  t.test(`H04 references to one large ${name} are refused, and cost no memory`, async (t) => {
    const wire = await startHttp2Wire(t)
    for (const references of [16_000, 100, 9]) await bomb(t, wire, name, references)
    await wire.serves(t)
  })
}

t.test('H10 headers without a name cost nothing and go up as nothing', async (t) => {
  const wire = await startHttp2Wire(t)
  const nothing = headerBlock(Array.from({ length: 1_000 }, () => ['', ''] as const))
  const answer = await wire.ask(headersFrame(1, Buffer.concat([wire.get('/a'), nothing])))
  t.ok(answer.status === 0 || answer.status === 431 || answer.status === 200)
  for (const { headers } of wire.upstream.requests)
    t.strictSame(
      headers.filter(([name]) => name === ''),
      [],
    )
})

t.test(
  'H20 header lines beyond the bound are 431 or end the stream, and none is cut off in silence',
  async (t) => {
    const wire = await startHttp2Wire(t, {
      routes: [{ match: { path: '/{path*}' }, authorize: { public: true } }],
    })
    const lines = (count: number) =>
      headerBlock(Array.from({ length: count }, (_, index) => [`x-${index}`, 'y'] as const))
    const full = await wire.ask(headersFrame(1, Buffer.concat([wire.get('/full'), lines(98)])))
    t.equal(full.status, 200)
    t.strictSame(wire.upstream.requests[0]?.header('x-97'), ['y'])
    const over = await wire.ask(headersFrame(1, Buffer.concat([wire.get('/over'), lines(99)])))
    t.equal(codeOfHttp2(over), 'too_many_headers')
    for (const count of [104, 110, 205, 300, 1_000]) {
      const answer = await wire.ask(headersFrame(1, Buffer.concat([wire.get('/over'), lines(count)])))
      if (answer.status === 0) t.equal(answer.reset ?? answer.goAway, errorCodes.enhanceYourCalm, `${count}`)
      else t.equal(codeOfHttp2(answer), 'too_many_headers', `${count}`)
    }
    const large = headerBlock([['x-large', 'y'.repeat(15_000)]])
    const twice = Buffer.concat([wire.get('/over'), large])
    t.equal((await wire.ask(headersFrame(1, twice))).status, 200, 'half of the bound')
    t.equal(wire.upstream.requests.length, 2)
  },
)
