/**
 * HTTP/2 with a client that others wrote: undici's.
 * @module
 */

import t from 'tap'
import { Agent } from 'undici'
import { authority } from '../../support/http2-client.ts'
import { startSecureWire } from '../../wire/secure-wire.ts'

t.test('undici sends and gets bodies, many at once on one connection', async (t) => {
  const wire = await startSecureWire(t, { replyTo: ({ body }) => ({ body: body.toString().toUpperCase() }) })
  const agent = new Agent({
    allowH2: true,
    connections: 1,
    connect: { ca: authority, servername: 'service.test' },
  })
  t.teardown(() => agent.destroy())
  const answers = await Promise.all(
    Array.from({ length: 50 }, async (_, index) => {
      const { statusCode, body } = await agent.request({
        origin: `https://127.0.0.1:${wire.gateway.port}`,
        path: `/${index}`,
        method: 'POST',
        headers: { host: 'service.test', authorization: `Bearer ${wire.token}` },
        body: `body ${index}`,
      })
      return [statusCode, await body.text()]
    }),
  )
  t.strictSame(
    answers,
    Array.from({ length: 50 }, (_, index) => [200, `BODY ${index}`]),
  )
  t.equal(wire.upstream.requests.length, 50)
})
