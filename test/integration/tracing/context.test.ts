/**
 * Which trace a request belongs to: whose word on it is taken, and what the upstream is told.
 * @module
 */

import t from 'tap'
import { startTestGateway } from '../../support/gateway.ts'
import { recordingUpstream } from '../../support/recording-upstream.ts'
import {
  bearer,
  byKind,
  contextOf,
  spanId,
  spansWhen,
  startTraced,
  traceId,
  traceparent,
  trusted,
} from './scene.ts'

t.test('two gateways in a row share a trace, each under the request of the one before', async (t) => {
  const service = await recordingUpstream(t)
  const routes = [{ match: { path: '/{rest*}' }, authorize: { public: true } }]
  const back = await startTraced(t, service.url, { clientAddress: trusted, routes })
  const front = await startTraced(t, `http://127.0.0.1:${back.gateway.port}`, { routes })
  t.equal((await front.gateway.request({ path: '/a' })).status, 200)
  const inFront = byKind(await spansWhen(front.collector, 2))
  const behind = byKind(await spansWhen(back.collector, 2))
  const ids = [inFront, behind].flatMap(({ server, client }) => [...server, ...client])
  t.equal(new Set(ids.map(({ traceId }) => traceId)).size, 1)
  t.equal(behind.server[0]?.parentSpanId, inFront.client[0]?.spanId)
  t.equal(contextOf(t, service.requests[0]).spanId, behind.client[0]?.spanId)
})

t.test('a trusted proxy’s trace goes on, with what others say of it', async (t) => {
  const upstream = await recordingUpstream(t)
  const { gateway, collector } = await startTraced(t, upstream.url, { clientAddress: trusted })
  const { text } = await gateway.issue()
  const headers = [bearer(text), traceparent, ['tracestate', 'a=1'], ['TraceState', 'b=2 , ']] as const
  await gateway.request({ headers })
  const { server, client } = byKind(await spansWhen(collector, 3))
  t.match(server[0], { traceId, parentSpanId: spanId, traceState: 'a=1,b=2' })
  t.match(contextOf(t, upstream.requests[0]), { traceId, spanId: client[0]?.spanId, flags: '01' })
  t.strictSame(upstream.requests[0]?.header('tracestate'), ['a=1,b=2'])
})

t.test('who is not trusted gets a new trace, and nothing of the old one goes on', async (t) => {
  const upstream = await recordingUpstream(t)
  for (const input of [{}, { clientAddress: trusted, tracing: { trust: 'none' as const } }]) {
    const { gateway, collector } = await startTraced(t, upstream.url, input)
    const { text } = await gateway.issue()
    const headers = [bearer(text), traceparent, ['tracestate', 'a=1'], ['baggage', 'user=1']] as const
    await gateway.request({ headers })
    const { server } = byKind(await spansWhen(collector, 3))
    const received = upstream.requests.at(-1)
    t.not(server[0]?.traceId, traceId)
    t.equal(server[0]?.parentSpanId, undefined)
    t.equal(contextOf(t, received).traceId, server[0]?.traceId)
    t.strictSame(received?.header('tracestate'), [])
    t.strictSame(received?.header('baggage'), ['user=1'], 'which says nothing to the gateway')
  }
})

t.test('with «trust: any» anybody’s trace goes on', async (t) => {
  const upstream = await recordingUpstream(t)
  const { gateway } = await startTraced(t, upstream.url, { tracing: { trust: 'any' } })
  const { text } = await gateway.issue()
  await gateway.request({ headers: [bearer(text), traceparent] })
  t.equal(contextOf(t, upstream.requests[0]).traceId, traceId)
})

t.test('a context that is malformed or repeated begins a new trace', async (t) => {
  const upstream = await recordingUpstream(t)
  const { gateway } = await startTraced(t, upstream.url, { clientAddress: trusted })
  const { text } = await gateway.issue()
  const values = [
    ['garbage'],
    [`ff-${traceId}-${spanId}-01`],
    [`00-${traceId}-${spanId}-01-more`],
    [`00-${traceId.toUpperCase()}-${spanId}-01`],
    [`00-${'0'.repeat(32)}-${spanId}-01`],
    [`00-${traceId}-${'0'.repeat(16)}-01`],
    [traceparent[1], traceparent[1]],
  ]
  for (const lines of values) {
    const sent = lines.map((value) => ['traceparent', value] as const)
    const answer = await gateway.request({ headers: [bearer(text), ...sent, ['tracestate', 'a=1']] })
    t.equal(answer.status, 200)
    const received = upstream.requests.at(-1)
    const context = contextOf(t, received)
    t.not(context.traceId.toLowerCase(), traceId, lines.join())
    t.match(context.traceId, /^(?!0{32})[0-9a-f]{32}$/)
    t.strictSame(received?.header('tracestate'), [])
  }
})

t.test('what its sender does not record is not recorded here, and the sender stays the parent', async (t) => {
  const upstream = await recordingUpstream(t)
  const { gateway, collector } = await startTraced(t, upstream.url, { clientAddress: trusted })
  const { text } = await gateway.issue()
  await gateway.request({ headers: [bearer(text), ['traceparent', `00-${traceId}-${spanId}-00`]] })
  await gateway.request({ headers: [bearer(text), traceparent] })
  t.match(contextOf(t, upstream.requests[0]), { traceId, spanId, flags: '00' })
  const { server } = byKind(await spansWhen(collector, 2))
  t.equal(server.length, 1)
  const [line] = gateway.log.filter(({ message }) => message === 'request')
  t.match(line, { traceId, spanId: undefined })
})

t.test('a ratio of 0 records nothing that begins here, and upstreams are told so', async (t) => {
  const upstream = await recordingUpstream(t)
  const { gateway, collector } = await startTraced(t, upstream.url, {
    clientAddress: trusted,
    tracing: { sampling: { ratio: 0 } },
  })
  const { text } = await gateway.issue()
  for (let index = 0; index < 20; index++) await gateway.request({ headers: [bearer(text)] })
  for (const request of upstream.requests) t.equal(contextOf(t, request).flags, '00')
  await gateway.request({ headers: [bearer(text), traceparent] })
  const { server } = byKind(await spansWhen(collector, 2))
  t.strictSame(
    server.map(({ traceId }) => traceId),
    [traceId],
  )
})

t.test('without an endpoint traces go through, and the gateway is no part of them', async (t) => {
  const upstream = await recordingUpstream(t)
  const routes = [{ match: { path: '/{rest*}' } }]
  const gateway = await startTestGateway(t, {
    upstream: upstream.url,
    routes,
    clientAddress: trusted,
    tracing: {},
  })
  const { text } = await gateway.issue()
  await gateway.request({ headers: [bearer(text), traceparent] })
  await gateway.request({ headers: [bearer(text)] })
  t.match(contextOf(t, upstream.requests[0]), { traceId, spanId, flags: '01' })
  t.match(contextOf(t, upstream.requests[1]), { flags: '01' })
})

t.test('without tracing the headers go on as they came, and no others are added', async (t) => {
  const upstream = await recordingUpstream(t)
  const gateway = await startTestGateway(t, {
    upstream: upstream.url,
    routes: [{ match: { path: '/{rest*}' } }],
  })
  const { text } = await gateway.issue()
  await gateway.request({ headers: [bearer(text), ['Traceparent', 'whatever'], ['tracestate', '?']] })
  await gateway.request({ headers: [bearer(text)] })
  t.strictSame(upstream.requests[0]?.header('traceparent'), ['whatever'])
  t.strictSame(upstream.requests[0]?.header('tracestate'), ['?'])
  t.strictSame(upstream.requests[1]?.header('traceparent'), [])
})
