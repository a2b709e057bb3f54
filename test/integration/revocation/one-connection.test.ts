/**
 * A connection is no session: every request on it is decided by the token that it brings, as it is at that moment.
 * @module
 */

import { Agent, request as send } from 'node:http'
import { text as read } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { startTestGateway } from '../../support/gateway.ts'
import { recordingUpstream } from '../../support/recording-upstream.ts'
import { until } from '../../support/until.ts'

const upstream = await recordingUpstream(t)
const gateway = await startTestGateway(t, {
  upstream: upstream.url,
  routes: [{ match: { path: '/{path*}' } }],
})

/** Sends one request after the other on a single connection; yields each status and whom the upstream was told of. */
function onOneConnection(t: Test) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.teardown(() => agent.destroy())
  const ports = new Set<number | undefined>()
  const ask = async (token?: string) => {
    const sent = upstream.requests.length
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const request = send({ port: gateway.port, host: '127.0.0.1', agent, headers })
    const answer = Promise.withResolvers<number | undefined>()
    request.on('error', answer.reject)
    request.on('response', (response) => {
      ports.add(response.socket.localPort)
      read(response).then(() => answer.resolve(response.statusCode), answer.reject)
    })
    request.end()
    const status = await answer.promise
    const told = upstream.requests.slice(sent).flatMap((each) => each.header('x-sallyport-subject'))
    return [status, ...told]
  }
  return { ask, ports }
}

t.test('tokens that take turns on a connection are each taken for themselves', async (t) => {
  const { ask, ports } = onOneConnection(t)
  const alice = await gateway.issue({ subject: 'alice' })
  const bob = await gateway.issue({ subject: 'bob' })
  for (let turn = 0; turn < 3; turn++) {
    t.same(await ask(alice.text), [200, 'alice'])
    t.same(await ask(bob.text), [200, 'bob'])
    t.same(await ask(), [401])
    t.same(await ask(`${alice.text}x`), [401])
    t.same(await ask(alice.text.slice(0, -1)), [401])
  }
  t.equal(ports.size, 1, 'it was one connection')
})

t.test('a token revoked while its connection is in use is refused there within a second', async (t) => {
  const { ask, ports } = onOneConnection(t)
  const { text, token } = await gateway.issue({ subject: 'carol' })
  t.same(await ask(text), [200, 'carol'])
  t.same(await ask(text), [200, 'carol'])
  await gateway.store.revokeToken(token.id, { at: Date.now(), by: 'test', origin: 'test', cause: 'leaked' })
  // A request that is under way when the news comes is broken off, and its connection with it.
  const tookMs = await until(async () => (await ask(text).catch(() => []))[0] === 401)
  t.ok(tookMs < 1_000, `${Math.round(tookMs)} ms`)
  ports.clear()
  t.same(await ask(text), [401])
  t.same(await ask(text), [401])
  t.equal(ports.size, 1, 'it was one connection')
})
