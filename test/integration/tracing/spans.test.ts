/**
 * What a collector gets of each exchange: which spans, how they hang together, and what they say.
 * @module
 */

import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { ask, connectHttp2, serviceTls } from '../../support/http2-client.ts'
import { recordingHttp2Upstream } from '../../support/recording-http2-upstream.ts'
import { recordingUpstream } from '../../support/recording-upstream.ts'
import { until } from '../../support/until.ts'
import { echoUpstream, nextMessage, openSocket, websocketRoutes } from '../upgrades/scene.ts'
import { bearer, byKind, contextOf, spansWhen, startTraced } from './scene.ts'

t.test('a request with a known token leaves a span of its own and one of its request upstream', async (t) => {
  const upstream = await recordingUpstream(t)
  const { gateway, collector } = await startTraced(t, upstream.url, {
    routes: [{ name: 'things', match: { path: '/v1/{thing}' } }],
  })
  const { text, token } = await gateway.issue()
  await gateway.request({ path: '/v1/one', headers: [bearer(text)] })
  await gateway.request({ path: '/v1/two?a=b', headers: [bearer(text)] })
  const spans = await spansWhen(collector, 5)
  const ofSecond = spans.filter(({ traceId }) => traceId === spans.at(-1)?.traceId)
  const { server, client, internal } = byKind(ofSecond)
  t.equal(internal.length, 0, 'nothing had to wait')
  const [own] = server
  t.match(own, { name: 'GET /v1/{thing}', parentSpanId: undefined, status: undefined })
  const line = gateway.log.filter(({ message }) => message === 'request').at(-1)
  t.strictSame(own?.attributes, {
    'http.request.method': 'GET',
    'http.route': '/v1/{thing}',
    'http.response.status_code': 200,
    'url.scheme': 'http',
    'url.path': '/v1/two',
    'url.query': 'a=b',
    'server.address': '127.0.0.1',
    'client.address': '127.0.0.1',
    'network.peer.address': '127.0.0.1',
    'network.protocol.version': '1.1',
    'sallyport.request.id': line?.requestId,
    'sallyport.outcome': 'forwarded',
    'sallyport.decision': 'allowed',
    'sallyport.route': 'things',
    'sallyport.credential.scheme': 'bearer',
    'sallyport.token.id': token.id,
    'sallyport.token.kind': 'personal',
    'sallyport.token.tier': 'memory',
    'sallyport.subject': 'alice',
  })
  t.match(line, { traceId: own?.traceId, spanId: own?.spanId })
  const [up] = client
  t.match(up, { name: 'GET', parentSpanId: own?.spanId, traceId: own?.traceId })
  t.strictSame(up?.attributes, {
    'http.request.method': 'GET',
    'http.response.status_code': 200,
    'url.full': `${upstream.url}/v1/two?a=b`,
    'server.address': '127.0.0.1',
    'server.port': upstream.port,
  })
  t.match(contextOf(t, upstream.requests[1]), {
    version: '00',
    traceId: own?.traceId,
    spanId: up?.spanId,
    flags: '01',
  })
  t.match(collector.resource(), { 'service.name': 'sallyport' })
  const now = BigInt(Date.now()) * 1_000_000n
  for (const { startTimeUnixNano, endTimeUnixNano } of spans) {
    t.ok(BigInt(startTimeUnixNano) <= BigInt(endTimeUnixNano))
    t.ok(now - BigInt(startTimeUnixNano) < 60_000_000_000n, 'by the clock of the wall')
  }
})

t.test('a token that is looked up leaves a span that says where it was found', async (t) => {
  const upstream = await recordingUpstream(t)
  const { gateway, collector } = await startTraced(t, upstream.url)
  const { text } = await gateway.issue()
  await gateway.request({ headers: [bearer(text)] })
  const { server, internal } = byKind(await spansWhen(collector, 3))
  t.match(internal, [
    {
      name: 'resolve token',
      parentSpanId: server[0]?.spanId,
      attributes: { 'sallyport.token.tier': 'store' },
    },
  ])
  t.equal(server[0]?.attributes['sallyport.token.tier'], 'store')
})

t.test('a fact that is looked up leaves a span', async (t) => {
  const upstream = await recordingUpstream(t, ({ target }) => ({
    body: target === '/acl/7' ? '{"project":"pip"}' : 'ok',
  }))
  const { gateway, collector } = await startTraced(t, upstream.url, {
    routes: [
      {
        match: { path: '/builds/{id}' },
        facts: { project: { request: '/acl/{id}', pointer: '/project' } },
        authorize: { bindings: { project: '{project}' } },
      },
    ],
  })
  const { text } = await gateway.issue({ bindings: { project: ['pip'] } })
  t.equal((await gateway.request({ path: '/builds/7', headers: [bearer(text)] })).status, 200)
  const { internal, client } = byKind(await spansWhen(collector, 4))
  t.strictSame(
    internal.map(({ name }) => name),
    ['resolve token', 'look up facts'],
  )
  t.equal(client.length, 1, 'the question is the gateway’s own')
  t.strictSame(upstream.requests[0]?.header('traceparent'), [])
})

t.test('a refusal leaves a span with its code, which is no error of the server', async (t) => {
  const upstream = await recordingUpstream(t)
  const { gateway, collector } = await startTraced(t, upstream.url)
  t.equal((await gateway.request({ path: '/a' })).status, 401)
  const [span, another] = await spansWhen(collector, 1)
  t.match(span, { name: 'GET /{rest*}', status: undefined })
  t.match(span?.attributes, {
    'http.response.status_code': 401,
    'error.type': 'credential_required',
    'sallyport.decision': 'refused',
    'sallyport.outcome': 'credential_required',
    'sallyport.refusal.code': 'credential_required',
    'sallyport.refusal.owner': 'credential',
  })
  t.equal(another, undefined)
  t.equal(upstream.requests.length, 0)
})

t.test('a request whose head is refused leaves a span as well', async (t) => {
  const upstream = await recordingUpstream(t)
  const { gateway, collector } = await startTraced(t, upstream.url)
  t.equal((await gateway.raw('GET /a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n')).status, 400)
  const [span] = await spansWhen(collector, 1)
  t.match(span, { name: 'GET', attributes: { 'error.type': 'malformed_host' } })
  t.equal((await gateway.raw('GET /a HTTP/1.1\r\nHost: a\r\nExpect: more\r\n\r\n')).status, 400)
  const [, unread] = await spansWhen(collector, 2)
  t.match(unread, {
    name: 'GET',
    attributes: { 'error.type': 'malformed_header', 'sallyport.decision': 'refused' },
  })
  t.match(gateway.log.at(-1), { traceId: unread?.traceId, spanId: unread?.spanId })
})

t.test('an upstream that cannot be reached is an error of both spans', async (t) => {
  const upstream = await recordingUpstream(t)
  const { gateway, collector } = await startTraced(t, upstream.url)
  const { text } = await gateway.issue()
  await upstream.close()
  t.equal((await gateway.request({ headers: [bearer(text)] })).status, 502)
  const { server, client } = byKind(await spansWhen(collector, 3))
  t.match(server, [
    {
      status: { code: 2 },
      attributes: { 'error.type': 'upstream_unreachable', 'sallyport.decision': 'allowed' },
    },
  ])
  t.match(client, [{ status: { code: 2 }, attributes: { 'error.type': 'ECONNREFUSED' } }])
})

t.test('a method that nobody knows is not in the name of a span', async (t) => {
  const upstream = await recordingUpstream(t)
  const { gateway, collector } = await startTraced(t, upstream.url)
  await gateway.request({ method: 'SEARCH' })
  const [span] = await spansWhen(collector, 1)
  t.match(span, {
    name: 'HTTP /{rest*}',
    attributes: { 'http.request.method': '_OTHER', 'http.request.method_original': 'SEARCH' },
  })
})

t.test('a client that leaves ends both spans', async (t) => {
  const upstream = await recordingUpstream(t, () => new Promise<never>(() => {}))
  const { gateway, collector } = await startTraced(t, upstream.url)
  const { text } = await gateway.issue()
  const socket = connect(gateway.port, '127.0.0.1')
  socket.write(`GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${text}\r\n\r\n`)
  await until(() => upstream.requests.length === 1)
  socket.destroy()
  const { server, client } = byKind(await spansWhen(collector, 3))
  t.match(server, [{ attributes: { 'sallyport.outcome': 'aborted', 'sallyport.decision': 'allowed' } }])
  t.notOk(server[0]?.status, 'it is nobody’s error')
  t.match(client, [{ attributes: { 'error.type': 'aborted' } }])
})

t.test('a request that goes out twice leaves two spans of requests', async (t) => {
  let count = 0
  const upstream = await recordingUpstream(t, () => (++count === 1 ? { raw: '' } : { body: 'second' }))
  const { gateway, collector } = await startTraced(t, upstream.url, {
    upstreams: { legacy: { url: upstream.url, retry: { idempotent: true } } },
  })
  const { text } = await gateway.issue()
  t.equal((await gateway.request({ headers: [bearer(text)] })).body.toString(), 'second')
  const { server, client } = byKind(await spansWhen(collector, 4))
  t.strictSame(
    client.map(({ attributes }) => [
      attributes['http.response.status_code'],
      attributes['http.request.resend_count'],
      typeof attributes['error.type'],
    ]),
    [
      [undefined, undefined, 'string'],
      [200, 1, 'undefined'],
    ],
  )
  t.strictSame(
    upstream.requests.map((request) => contextOf(t, request).spanId),
    client.map(({ spanId }) => spanId),
  )
  for (const { parentSpanId } of client) t.equal(parentSpanId, server[0]?.spanId)
})

t.test('a WebSocket leaves its spans when it has ended', async (t) => {
  const upstream = await echoUpstream(t)
  const { gateway, collector } = await startTraced(t, upstream.url, { routes: websocketRoutes })
  const { text } = await gateway.issue()
  const socket = await openSocket(t, gateway, text)
  socket.send('hello')
  t.equal((await nextMessage(socket)).toString(), 'hello')
  t.equal(collector.spans().filter(({ kind }) => kind !== 1).length, 0)
  socket.close()
  await once(socket, 'close')
  const { server, client } = byKind(await spansWhen(collector, 3))
  t.match(server[0]?.attributes, {
    'http.response.status_code': 101,
    'sallyport.outcome': 'tunnelled',
    'sallyport.tunnel.protocol': 'websocket',
  })
  t.strictSame(client[0]?.attributes['http.response.status_code'], 101)
  t.notOk(client[0]?.attributes['error.type'])
  const [, id] = String(upstream.upgrades[0]?.headers.traceparent).split('-')
  t.equal(id, server[0]?.traceId)
})

t.test('HTTP/2 is traced on both sides', async (t) => {
  const upstream = await recordingHttp2Upstream(t, () => ({ body: 'ok' }), {})
  const { gateway, collector } = await startTraced(t, upstream.url, {
    listen: { tls: serviceTls },
    upstreams: { legacy: { url: upstream.url, protocol: 'http2' } },
  })
  const { text } = await gateway.issue()
  const session = connectHttp2(t, gateway.port)
  const answer = await ask(session, { ':path': '/a', authorization: `Bearer ${text}` })
  t.equal(answer.status, 200)
  const { server, client } = byKind(await spansWhen(collector, 3))
  t.match(server[0]?.attributes, { 'network.protocol.version': '2', 'url.scheme': 'https' })
  t.equal(contextOf(t, upstream.requests[0]).spanId, client[0]?.spanId)
})
