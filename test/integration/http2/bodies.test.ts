/**
 * Bodies both ways: half a one never looks whole, a slow reader holds up nobody but itself, and an early answer arrives.
 * @module
 */

import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { until } from '../../support/until.ts'
import { startFrameUpstream } from './frames.ts'
import { answerOk, endOf, type OnStream, startClient, startHttp2Upstream } from './stage.ts'

const endStream = 1
const dataFrame = 0
const resetFrame = 3

t.test('a body that breaks off is reset and never ended, whoever broke it off', async (t) => {
  const breaks: readonly ((body: Readable, abort: () => void, close: () => void) => void)[] = [
    (body) => void body.destroy(),
    (_body, abort) => abort(),
    (_body, _abort, close) => close(),
  ]
  for (const [index, act] of breaks.entries()) {
    const upstream = await startFrameUpstream(t, () => {})
    const { client, send } = startClient(t, upstream.port)
    const body = new Readable({ read() {} })
    const put = send({ method: 'PUT', body })
    body.push('part')
    await until(() => upstream.frames.some(({ type }) => type === dataFrame))
    act(
      body,
      () => put.call.abort(),
      () => void client.close(),
    )
    const isOver = () =>
      upstream.sockets[0]?.closed || upstream.frames.some(({ type }) => type === resetFrame)
    await until(isOver)
    const ends = upstream.frames.filter(({ type, flags }) => type === dataFrame && flags & endStream)
    t.strictSame(ends, [], `${index}`)
  }
})

t.test('more bytes than announced never leave, and fewer are not whole', async (t) => {
  for (const [text, length] of [
    ['toolong', '2'],
    ['short', '10'],
  ] as const) {
    const upstream = await startFrameUpstream(t, () => {})
    const { send } = startClient(t, upstream.port)
    const put = send({
      method: 'PUT',
      headers: ['host', 'x', 'content-length', length],
      body: Readable.from([text]),
    })
    await until(() => endOf(put))
    t.equal(endOf(put), 'HTTP2_REQUEST')
    await until(() => upstream.frames.some(({ type }) => type === resetFrame))
    const ends = upstream.frames.filter(({ type, flags }) => type === dataFrame && flags & endStream)
    t.strictSame(ends, [])
  }
})

t.test('an answer that comes while the body is sent arrives whole, and the rest is not sent', async (t) => {
  const answer = 'no'.repeat(50_000)
  const refuseEarly: OnStream = (stream) => {
    stream.once('data', () => {
      stream.respond({ ':status': 413 })
      stream.end(answer)
    })
  }
  const upstream = await startHttp2Upstream(t, refuseEarly)
  const { send } = startClient(t, upstream.port)
  let sent = 0
  const endless = new Readable({
    read() {
      sent++
      setTimeout(() => this.push(Buffer.alloc(10_000)), 1)
    },
  })
  const put = send({ method: 'PUT', body: endless })
  await until(() => endOf(put))
  t.equal(endOf(put), 'end')
  t.equal(put.head?.status, 413)
  t.equal(put.body.toString(), answer)
  t.ok(sent > 0)
  const next = send()
  upstream.onStream = answerOk
  await until(() => endOf(next))
  t.equal(upstream.sessions.length, 1, 'the connection goes on')
  endless.destroy()
})

t.test('an upstream that takes a body slowly gets it no faster, and whole', async (t) => {
  const upstream = await startHttp2Upstream(t, (stream) => {
    let bytes = 0
    stream.on('data', (piece: Buffer) => {
      bytes += piece.length
    })
    stream.pause()
    setTimeout(() => stream.resume(), 300)
    stream.on('end', () => {
      stream.respond({ ':status': 200 })
      stream.end(String(bytes))
    })
  })
  let produced = 0
  function* pieces() {
    for (; produced < 200; produced++) yield Buffer.alloc(65_536)
  }
  const put = startClient(t, upstream.port).send({ method: 'PUT', body: Readable.from(pieces()) })
  await until(() => produced > 0)
  await sleep(100)
  t.ok(produced < 100, `${produced} pieces were read ahead`)
  await until(() => endOf(put))
  t.equal(put.body.toString(), String(200 * 65_536))
})

t.test('a slow reader holds up its own stream and no other', async (t) => {
  let written = 0
  const upstream = await startHttp2Upstream(t, (stream, { ':path': path }) => {
    if (path !== '/large') return answerOk(stream)
    stream.respond({ ':status': 200 })
    const source = Readable.from(
      (function* () {
        for (; written < 100; written++) yield Buffer.alloc(65_536)
      })(),
    )
    source.pipe(stream)
  })
  const { send } = startClient(t, upstream.port)
  const slow = send({ target: '/large' })
  await until(() => slow.head)
  slow.call.pause()
  await sleep(200)
  const heldAt = written
  const others = Array.from({ length: 50 }, () => send())
  await until(() => others.every((other) => endOf(other)))
  t.strictSame(new Set(others.map(endOf)), new Set(['end']))
  t.equal(upstream.sessions.length, 1)
  t.equal(written, heldAt, 'nothing more was taken meanwhile')
  t.ok(heldAt < 50, `${heldAt} pieces were taken`)
  slow.call.resume()
  await until(() => endOf(slow))
  t.equal(slow.body.length, 100 * 65_536)
})

t.test(
  'what came whole is handed out although its reader is slow, before its connection can be lost',
  async (t) => {
    const upstream = await startHttp2Upstream(t, (stream) => {
      stream.respond({ ':status': 200 })
      stream.write(Buffer.alloc(100_000))
      setTimeout(() => stream.end('end'), 50)
      setTimeout(() => stream.session?.destroy(), 150)
    })
    const slow = startClient(t, upstream.port).send()
    await until(() => slow.head)
    slow.call.pause()
    await until(() => upstream.sessions[0]?.destroyed)
    await until(() => endOf(slow))
    t.equal(endOf(slow), 'end')
    t.equal(slow.body.length, 100_003)
  },
)

t.test(
  'a body that waits to be asked for is asked for when the upstream says so, or says nothing',
  async (t) => {
    const says: OnStream = (stream) => {
      stream.additionalHeaders({ ':status': 100 })
      stream.on('end', () => answerOk(stream)).resume()
    }
    const silent: OnStream = (stream) => void stream.on('end', () => answerOk(stream)).resume()
    for (const onStream of [says, silent]) {
      const upstream = await startHttp2Upstream(t, onStream)
      const body = Readable.from(['body'])
      const put = startClient(t, upstream.port).send({ method: 'PUT', body, expectsContinue: true })
      await until(() => endOf(put))
      t.strictSame([endOf(put), put.asked, put.interim], ['end', 1, []])
    }
    const refuses: OnStream = (stream) => {
      stream.respond({ ':status': 417 }, { endStream: true })
    }
    const upstream = await startHttp2Upstream(t, refuses)
    const body = Readable.from(['body'])
    const put = startClient(t, upstream.port).send({ method: 'PUT', body, expectsContinue: true })
    await until(() => endOf(put))
    t.strictSame([put.head?.status, put.asked], [417, 0])
  },
)

t.test('every deadline holds, and costs a stream and not its connection', async (t) => {
  const upstream = await startHttp2Upstream(t, (stream, { ':path': path }) => {
    if (path === '/half') {
      stream.respond({ ':status': 200 })
      stream.write('half')
    } else if (path === '/ok') answerOk(stream)
  })
  const { send } = startClient(t, upstream.port, { timeouts: { headers: 300, bodyIdle: 300 } })
  const silent = send({ target: '/silent' })
  const half = send({ target: '/half' })
  const held = send({ target: '/half' })
  await until(() => held.body.length > 0)
  held.call.pause()
  await until(() => endOf(silent) && endOf(half))
  t.strictSame(
    [endOf(silent), endOf(half), endOf(held)],
    ['HTTP2_HEAD_TIMEOUT', 'HTTP2_BODY_TIMEOUT', undefined],
  )
  const next = send({ target: '/ok' })
  await until(() => endOf(next))
  t.equal(endOf(next), 'end')
  t.equal(upstream.sessions.length, 1)
  const body = new Readable({ read() {} })
  const slowly = send({ method: 'PUT', target: '/silent', body })
  body.push('a')
  await sleep(700)
  t.equal(endOf(slowly), undefined, 'a client that is slow is not the upstream\\u2019s delay')
  body.push(null)
  await until(() => endOf(slowly))
  t.equal(endOf(slowly), 'HTTP2_HEAD_TIMEOUT')
})
