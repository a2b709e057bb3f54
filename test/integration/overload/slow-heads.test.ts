/**
 * A head has one deadline from its beginning to its end, which no byte in between puts off; and a connection that says
 * nothing at all is not waited for any longer.
 * @module
 */

import t, { type Test } from 'tap'
import { startTestGateway } from '../../support/gateway.ts'
import { recordingUpstream } from '../../support/recording-upstream.ts'
import { until } from '../../support/until.ts'
import { codeOf, converse } from './conversation.ts'

async function start(t: Test) {
  const upstream = await recordingUpstream(t)
  const gateway = await startTestGateway(t, {
    upstream: upstream.url,
    listen: { timeouts: { headers: '500ms' } },
    routes: [{ match: { path: '/{one}' }, authorize: { public: true } }],
  })
  return { upstream, gateway, client: await converse(t, gateway.port) }
}

t.test('a head that dribbles is answered 408, and its connection closed', async (t) => {
  const { upstream, gateway, client } = await start(t)
  client.socket.write('GET /x HTTP/1.1\r\nHost: a\r\nX: ')
  const timer = setInterval(() => client.socket.writable && client.socket.write('x'), 20)
  t.teardown(() => clearInterval(timer))
  t.equal(codeOf(await client.answer()), 'request_timeout')
  await until(() => client.isClosed)
  t.equal(upstream.requests.length, 0)
  t.equal(await gateway.metric('sallyport_connections_open'), 0)
})

t.test('a connection that says nothing is closed by the same deadline', async (t) => {
  const { gateway, client } = await start(t)
  await until(() => client.isClosed)
  t.equal(await gateway.metric('sallyport_connections_open'), 0)
})
