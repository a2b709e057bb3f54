/**
 * Requests over HTTP/2: what the upstream gets of them, and what the client gets back.
 * @module
 */

import t from 'tap'
import { ask, connectHttp2, serviceTls } from '../../support/http2-client.ts'
import { startWire, type WireInput } from '../../wire/wire.ts'

const secure = (input: WireInput = {}): WireInput => ({
  ...input,
  listen: { tls: serviceTls, ...input.listen },
})

t.test('a request goes up as HTTP/1.1 would have said it', async (t) => {
  const { gateway, upstream, token } = await startWire(t, secure())
  const session = connectHttp2(t, gateway.port)

  const answer = await ask(
    session,
    {
      ':method': 'POST',
      ':path': '/x?y=1',
      authorization: `Bearer ${token}`,
      cookie: ['a=1', 'b=2'],
      'x-latin': 'caf\u00e9',
    },
    'body',
  )

  t.match(answer, { status: 200, code: 0 })
  const [request] = upstream.requests
  t.match(request, { method: 'POST', target: '/x?y=1', state: 'complete' })
  t.same(request?.header('host'), ['service.test'])
  t.same(request?.header('cookie'), ['a=1; b=2'])
  t.same(request?.header('x-latin'), ['caf\u00e9'])
  t.same(request?.header('x-forwarded-proto'), ['https'])
  t.same(request?.header('transfer-encoding'), ['chunked'])
  t.equal(request?.body.toString(), 'body')
})
