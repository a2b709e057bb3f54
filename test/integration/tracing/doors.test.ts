/**
 * Questions of other proxies are exchanges, and are traced like any other.
 * @module
 */

import t from 'tap'
import { startOtlpReceiver } from '../../support/otlp-receiver.ts'
import { doorNames, headerOf, startAsking } from '../decide/asking.ts'
import { bearer, spanId, spansWhen, traceId, traceparent } from './scene.ts'

for (const door of doorNames) {
  t.test(`${door} asks within a trace`, async (t) => {
    const collector = await startOtlpReceiver(t)
    const { gateway, ask } = await startAsking(t, {
      routes: [{ match: { path: '/x' } }],
      // Who sent the request to the proxy that asks.
      clientAddress: { trustedProxies: ['192.0.2.7'] },
      tracing: { endpoint: collector.url },
    })
    const { text } = await gateway.issue()
    const allowed = await ask(door, { headers: [bearer(text), traceparent] })
    t.equal(allowed.status, 200)
    t.equal(headerOf(allowed, 'traceparent'), undefined, 'the proxy carries the request, and its trace')
    const stranger = await ask(door, { peer: '192.0.2.8', headers: [traceparent] })
    t.equal(stranger.status, 401)
    const spans = await spansWhen(collector, 3)
    const [first, second] = spans.filter(({ kind }) => kind === 2)
    t.match(first, { name: 'GET /x', traceId, parentSpanId: spanId })
    t.match(first?.attributes, {
      'sallyport.outcome': 'allowed',
      'sallyport.decision': 'allowed',
      'sallyport.proxy': 'edge',
      'sallyport.door': door,
      'client.address': '192.0.2.7',
      'server.address': 'app.example',
    })
    t.match(second?.attributes, { 'sallyport.decision': 'refused', 'error.type': 'credential_required' })
    t.not(second?.traceId, traceId)
    t.equal(spans.filter(({ kind }) => kind === 3).length, 0)
  })
}
