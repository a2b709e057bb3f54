/**
 * Requests that a client sends without waiting for answers reach the upstream one after another, each behind the answer
 * to the one before (RFC 9112 section 9.3.2), and only while there is somebody to answer.
 * @module
 */

import { once } from 'node:events'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { parseResponse } from '../support/parse-response.ts'
import { until } from '../support/until.ts'
import { get, host, message } from './attacks/attack.ts'
import { startWire, type Wire } from './wire.ts'

function post(wire: Wire, target: string, body: string): string {
  return message([`POST ${target} HTTP/1.1`, host, wire.credential, `Content-Length: ${body.length}`], body)
}

function getOf(wire: Wire, target: string, ...lines: readonly string[]): string {
  return get(target, ...lines).replace('TOKEN', wire.token)
}

/** The bodies of so many answers, or of all up to the end of the connection. */
async function readAnswers(socket: Socket, count: number): Promise<readonly string[]> {
  let bytes: Buffer = Buffer.alloc(0)
  const bodies: string[] = []
  for await (const chunk of socket) {
    bytes = Buffer.concat([bytes, chunk])
    for (;;) {
      const parsed = parseResponse(bytes, { isHead: false, isEnded: false })
      if (parsed === undefined) break
      bytes = parsed.rest
      bodies.push(`${parsed.response.status} ${parsed.response.body}`)
      if (bodies.length === count) return bodies
    }
  }
  return bodies
}

t.test('requests that were not waited for begin one after another, in their order', async (t) => {
  let underWay = 0
  let together = 0
  const wire = await startWire(t, {
    replyTo: async ({ target }) => {
      together = Math.max(together, ++underWay)
      // The first takes longest.
      await sleep(target === '/0' ? 60 : 5)
      underWay--
      return { body: target }
    },
    upstreamOptions: { replyAtHead: true },
  })
  const socket = await wire.connect()
  const targets = Array.from({ length: 10 }, (_, index) => `/${index}`)
  socket.write(targets.map((target) => post(wire, target, 'body')).join(''))
  t.same(
    await readAnswers(socket, 10),
    targets.map((target) => `200 ${target}`),
  )
  t.same(
    wire.upstream.requests.map(({ target }) => target),
    targets,
  )
  t.equal(together, 1)
  t.ok(wire.upstream.requests.every(({ body }) => body.toString() === 'body'))
})

t.test('a thousand requests in one go are answered in their order', async (t) => {
  const wire = await startWire(t, { replyTo: ({ target }) => ({ body: target }) })
  const socket = await wire.connect()
  const targets = Array.from({ length: 1000 }, (_, index) => `/${index}`)
  socket.write(targets.map((target) => getOf(wire, target)).join(''))
  t.same(
    await readAnswers(socket, 1000),
    targets.map((target) => `200 ${target}`),
  )
})

t.test('a body that waits for its turn comes whole', async (t) => {
  const wire = await startWire(t, { replyTo: ({ bodyLength }) => ({ body: String(bodyLength) }) })
  const socket = await wire.connect()
  const large = 'x'.repeat(1_000_000)
  socket.write(getOf(wire, '/a') + post(wire, '/b', large) + post(wire, '/c', large) + getOf(wire, '/d'))
  t.same(await readAnswers(socket, 4), ['200 0', '200 1000000', '200 1000000', '200 0'])
})

t.test('what waits when its client leaves never reaches the upstream', async (t) => {
  const wire = await startWire(t, { replyTo: () => new Promise(() => {}) })
  for (const leave of ['end', 'destroy', 'resetAndDestroy'] as const) {
    const before = wire.upstream.requests.length
    const socket = await wire.connect()
    socket.on('error', () => {})
    socket.write(post(wire, '/first', 'x') + post(wire, '/second', 'x') + post(wire, '/third', 'x'))
    await until(() => wire.upstream.requests.length === before + 1)
    socket[leave]()
    await until(() => wire.upstream.openConnections === 0)
    await sleep(50)
    t.equal(wire.upstream.requests.length, before + 1, leave)
  }
  t.ok(wire.upstream.requests.every(({ target }) => target === '/first'))
})

t.test('a client that goes on and on is not read on, and is answered in the end', async (t) => {
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  const wire = await startWire(t, {
    replyTo: async ({ target }) => {
      await released
      return { body: target }
    },
  })
  const socket = await wire.connect()
  const count = 10_000
  const targets = Array.from({ length: count }, (_, index) => `/${index}`)
  // More than the kernels hold between the two.
  const padding = `X-Padding: ${'x'.repeat(1000)}`
  socket.write(targets.map((target) => getOf(wire, target, padding)).join(''))
  await until(() => wire.upstream.requests.length === 1)
  await sleep(200)
  t.ok(socket.writableLength > 0, 'the client has to wait')
  release()
  const answers = await readAnswers(socket, count)
  t.equal(answers.length, count)
  t.ok(answers.every((answer, index) => answer === `200 /${index}`))
})

t.test('a refusal comes in its turn, and what is behind goes on', async (t) => {
  const wire = await startWire(t, { replyTo: () => sleep(30, { body: 'late' }) })
  const socket = await wire.connect()
  socket.write(
    getOf(wire, '/a') + message(['GET /b HTTP/1.1', host]) + getOf(wire, '/c') + getOf(wire, '/d/../e'),
  )
  const answers = await readAnswers(socket, 4)
  t.same(
    answers.map((answer) => answer.slice(0, 3)),
    ['200', '401', '200', '400'],
  )
  t.same(
    wire.upstream.requests.map(({ target }) => target),
    ['/a', '/c'],
  )
})

t.test('trouble behind a request takes nothing from its answer', async (t) => {
  const wire = await startWire(t, { replyTo: () => sleep(30, { body: 'late' }) })
  const troubles: readonly (readonly [name: string, bytes: string, after: readonly string[]])[] = [
    ['bytes that are not HTTP', 'NOT HTTP\r\n\r\n', ['400']],
    [
      'a second request, then bytes that are not HTTP',
      `${getOf(wire, '/b')}NOT HTTP\r\n\r\n`,
      ['200', '400'],
    ],
    [
      'a body that is malformed',
      message(['POST /never HTTP/1.1', host, wire.credential, 'Transfer-Encoding: chunked'], 'xyz\r\n'),
      ['400'],
    ],
  ]
  for (const [name, bytes, after] of troubles) {
    const socket = await wire.connect()
    socket.write(getOf(wire, '/a') + bytes)
    const answers = await readAnswers(socket, 9)
    t.same(
      answers.map((answer) => answer.slice(0, 3)),
      ['200', ...after],
      name,
    )
    t.ok(socket.readableEnded, 'the connection ends behind it')
  }
  t.notOk(wire.upstream.requests.some(({ target }) => target === '/never'))
})

t.test('a CONNECT behind a request that has no answer yet is not answered in its place', async (t) => {
  const wire = await startWire(t, { replyTo: () => sleep(30, { body: 'late' }) })
  const socket = await wire.connect()
  socket.on('error', () => {})
  socket.write(getOf(wire, '/a') + message(['CONNECT other:443 HTTP/1.1', 'Host: other:443']))
  t.same(await readAnswers(socket, 9), [])
})

t.test('behind an answer that is the last of its connection nothing begins', async (t) => {
  const wire = await startWire(t, { replyTo: () => sleep(30, { body: 'late' }) })
  const socket = await wire.connect()
  const closed = once(socket, 'close')
  socket.write(getOf(wire, '/a', 'Connection: close') + getOf(wire, '/b').repeat(100))
  t.same(await readAnswers(socket, 9), ['200 late'])
  await closed
  t.equal(wire.upstream.requests.length, 1)
})
