/**
 * Streams through an outage of the store: they go on for as long as requests of known tokens do, and no longer.
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { startTestGateway } from '../../support/gateway.ts'
import { startPostgres } from '../../support/postgres.ts'
import { endlessUpstream, goesOn, openStream } from './open-streams.ts'

const postgres = await startPostgres()
t.teardown(() => postgres.stop())
const upstream = await endlessUpstream(t)

async function gatewayWith(outageGrace: string) {
  return startTestGateway(t, {
    upstream: upstream.url,
    routes: [
      { match: { path: '/events/public' }, authorize: { public: true } },
      { match: { path: '/{path*}' } },
    ],
    store: { postgres: { url: postgres.url }, outageGrace },
    listen: { timeouts: { drain: '0s' } },
  })
}

t.test('an outage within the grace ends no stream, and revocation works again after it', async (t) => {
  const gateway = await gatewayWith('60s')
  const { text, token } = await gateway.issue()
  const stream = openStream(t, gateway.port, '/events/1', { text })
  await goesOn(stream)
  postgres.freeze()
  t.teardown(() => postgres.thaw())
  await sleep(2_500)
  t.ok(stream.isOpen())
  await goesOn(stream)
  postgres.thaw()
  await gateway.store.revokeToken(token.id, { at: Date.now(), by: 'test', origin: 'test', cause: '' })
  const revokedAt = performance.now()
  const tookMs = (await stream.ended) - revokedAt
  t.ok(tookMs < 1_000, `${Math.round(tookMs)} ms`)
})

t.test('once the grace is over, streams that a token was needed for end', async (t) => {
  const graceMs = 2_000
  const gateway = await gatewayWith(`${graceMs}ms`)
  const { text } = await gateway.issue()
  const stream = openStream(t, gateway.port, '/events/2', { text })
  const free = openStream(t, gateway.port, '/events/public')
  await Promise.all([stream, free].map(goesOn))
  const frozenAt = performance.now()
  postgres.freeze()
  t.teardown(() => postgres.thaw())
  const lastedMs = (await stream.ended) - frozenAt
  t.ok(lastedMs > graceMs - 1_000 && lastedMs < graceMs + 1_000, `${Math.round(lastedMs)} ms`)
  t.equal(await gateway.metric('sallyport_streams_closed_total{cause="undecidable"}'), 1)
  await goesOn(free)
})
