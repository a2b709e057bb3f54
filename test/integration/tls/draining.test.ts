/**
 * HTTP/2 connections when the gateway drains: clients are told to go, what is under way finishes, and what does not is
 * broken off and never ended.
 * @module
 */

import { Readable } from 'node:stream'
import t from 'tap'
import { answerOf, ask, connectHttp2 } from '../../support/http2-client.ts'
import { until } from '../../support/until.ts'
import { startSecureWire } from '../../wire/secure-wire.ts'

t.test('a connection is told to go, finishes what is under way, and closes', async (t) => {
  const release = Promise.withResolvers<void>()
  const wire = await startSecureWire(t, {
    listen: { timeouts: { drainDelay: '3s' } },
    replyTo: async ({ target }) => {
      if (target === '/slow') await release.promise
      return { body: 'ok' }
    },
  })
  const goaways: (readonly [code: number, lastStream: number])[] = []
  wire.session.on('goaway', (code, last) => goaways.push([code, last]))
  const slow = wire.ask({ ':path': '/slow' })
  await until(() => wire.upstream.requests.length === 1)
  const idle = connectHttp2(t, wire.gateway.port)
  let isIdleClosed = false
  idle.once('close', () => {
    isIdleClosed = true
  })
  await new Promise((resolve) => idle.once('connect', resolve))

  const closed = wire.gateway.close()
  await until(() => goaways.length > 0)
  t.strictSame(goaways[0], [0, 2 ** 31 - 1], 'no stream is refused yet')
  await until(() => isIdleClosed)

  const late = connectHttp2(t, wire.gateway.port)
  let isLateClosed = false
  late.once('close', () => {
    isLateClosed = true
  })
  const credential = { ':path': '/late', authorization: `Bearer ${wire.token}` }
  t.match(await ask(late, credential), { status: 200, code: 0 }, 'the port is still open')
  await until(() => isLateClosed)

  release.resolve()
  t.match(await slow, { status: 200, body: 'ok', code: 0 })
  await closed
  t.ok(wire.session.destroyed || wire.session.closed)
})

t.test('what is under way at the deadline is broken off', async (t) => {
  const endless = () =>
    Readable.from(
      (async function* () {
        yield 'half'
        await new Promise(() => {})
      })(),
    )
  const wire = await startSecureWire(t, {
    listen: { timeouts: { drain: '500ms' } },
    replyTo: () => ({ body: endless() }),
  })
  const stream = wire.begin({ ':method': 'GET' })
  stream.end()
  const answer = answerOf(stream)
  await new Promise((resolve) => stream.once('data', resolve))
  await wire.gateway.close()
  t.match(await answer, { status: 200, body: 'half' })
  t.not((await answer).code, 0)
  t.equal(wire.gateway.log.find(({ outcome }) => outcome)?.outcome, 'aborted')
})
