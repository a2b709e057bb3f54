/**
 * A body that dribbles is given up, whatever its framing; one that waits for its upstream is not.
 * @module
 */

import { PassThrough } from 'node:stream'
import t, { type Test } from 'tap'
import { startTestGateway } from '../../support/gateway.ts'
import { recordingUpstream, type UpstreamOptions } from '../../support/recording-upstream.ts'
import { until } from '../../support/until.ts'
import { requestLines } from '../gateway/refusal-checks.ts'
import { tcpUpstream } from '../upgrades/scene.ts'
import { type Conversation, codeOf, converse } from './conversation.ts'

const path = { match: { path: '/{one}' }, authorize: { public: true } }
const bodyRate = { bytes: '1KiB', period: '300ms' }

async function start(t: Test, options: UpstreamOptions = {}) {
  const upstream = await recordingUpstream(t, () => ({ body: 'ok' }), options)
  const gateway = await startTestGateway(t, { upstream: upstream.url, listen: { bodyRate }, routes: [path] })
  return { upstream, gateway, client: await converse(t, gateway.port) }
}

/** Writes a piece every 20 ms until the connection ends or the test is over. */
function dribble(t: Test, { socket }: Conversation, piece: string): void {
  const timer = setInterval(() => socket.writable && socket.write(piece), 20)
  t.teardown(() => clearInterval(timer))
}

for (const [framing, line, piece] of [
  ['of a length', 'Content-Length: 1000000', 'x'],
  ['in chunks', 'Transfer-Encoding: chunked', '1\r\nx\r\n'],
] as const) {
  t.test(`a body ${framing} that dribbles is answered 408, and its connection closed`, async (t) => {
    const { upstream, gateway, client } = await start(t)
    client.socket.write(`POST /x HTTP/1.1\r\nHost: a\r\n${line}\r\n\r\n`)
    dribble(t, client, piece)
    const answer = await client.answer()
    t.equal(answer.status, 408)
    t.equal(codeOf(answer), 'request_timeout')
    await until(() => client.isClosed, 15_000)
    await until(() => upstream.requests[0]?.state === 'aborted')
    t.ok((upstream.requests[0]?.bodyLength ?? 0) < 1_024, 'it had brought next to nothing')
    await until(async () => (await gateway.metric('sallyport_exchanges_in_flight')) === 0)
    t.equal(await gateway.metric('sallyport_exchanges_total{route="route-0",outcome="request_timeout"}'), 1)
  })
}

t.test('a body that dribbles behind its answer loses the connection', async (t) => {
  const { client } = await start(t, { replyAtHead: true })
  client.socket.write('POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n')
  dribble(t, client, 'x')
  t.equal((await client.answer()).status, 200)
  await until(() => client.isClosed)
})

t.test('an answer under way is broken off with its body, and the log says why', async (t) => {
  const { upstream, gateway, client } = await start(t, { replyAtHead: true })
  const answer = new PassThrough()
  upstream.reply(() => ({ headers: [['Content-Length', '100']], body: answer }))
  answer.write('begun')
  client.socket.write('POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n')
  dribble(t, client, 'x')
  await until(() => client.isClosed)
  await until(() => upstream.requests[0]?.state === 'aborted')
  await until(() => requestLines(gateway).length === 1)
  t.match(requestLines(gateway), [{ outcome: 'aborted', status: 200, reason: 'the body comes too slowly' }])
})

t.test('a slow body that is fast enough is carried whole', async (t) => {
  const { upstream, client } = await start(t)
  const piece = 'x'.repeat(1_024)
  client.socket.write(`POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: ${60 * 1_024}\r\n\r\n`)
  let left = 60
  const timer = setInterval(() => {
    client.socket.write(piece)
    if (--left === 0) clearInterval(timer)
  }, 20)
  t.equal((await client.answer()).status, 200)
  t.equal(upstream.requests[0]?.bodyLength, 60 * 1_024)
  t.equal(upstream.requests[0]?.state, 'complete')
})

t.test('a client that waits for its upstream is not slow', async (t) => {
  // Reads nothing until it is told to.
  const upstream = await tcpUpstream(t, (socket) => socket.pause())
  const gateway = await startTestGateway(t, { upstream: upstream.url, listen: { bodyRate }, routes: [path] })
  const client = await converse(t, gateway.port)
  const bytes = 32 * 1_048_576
  client.socket.write(`POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: ${bytes}\r\n\r\n`)
  client.socket.write(Buffer.alloc(bytes))
  await until(() => upstream.connections.length === 1)
  let looks = 0
  const timer = setInterval(() => looks++, 300)
  t.teardown(() => clearInterval(timer))
  await until(() => looks === 6)
  t.notOk(client.isClosed)
  t.ok(client.socket.writableLength > 0, 'it has more to send than anybody takes')
  t.equal(client.socket.bytesRead, 0, 'and was told nothing')
  upstream.connections[0]?.socket.destroy()
  t.equal((await client.answer()).status, 502)
  client.socket.destroy()
})
