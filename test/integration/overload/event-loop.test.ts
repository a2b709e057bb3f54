/**
 * A late event loop: requests are refused until it has caught up, a single pause is none of that, and what was let in
 * goes on.
 * @module
 */

import t, { type Test } from 'tap'
import { startTestGateway } from '../../support/gateway.ts'
import { recordingUpstream } from '../../support/recording-upstream.ts'
import { until } from '../../support/until.ts'
import { type Conversation, codeOf, converse, get } from './conversation.ts'

const delay = 'sallyport_event_loop_delay_seconds'
const limitMs = 100

async function start(t: Test) {
  const upstream = await recordingUpstream(t)
  const gateway = await startTestGateway(t, {
    upstream: upstream.url,
    listen: { overload: { eventLoopDelay: `${limitMs}ms` } },
    routes: [{ match: { path: '/{one}' }, credentials: ['bearer'] }],
  })
  const { text } = await gateway.issue()
  return {
    upstream,
    gateway,
    client: await converse(t, gateway.port),
    bearer: `Authorization: Bearer ${text}`,
  }
}

/** Stops the process's one thread in so many turns of the loop in a row; the bytes are in the socket before the last. */
async function stall(turns: number, { socket }: Conversation, bytes: string): Promise<void> {
  for (let turn = 1; turn <= turns; turn++) {
    if (turn === turns) socket.write(bytes, 'latin1')
    const until = performance.now() + 4 * limitMs
    while (performance.now() < until);
    if (turn < turns) await new Promise(setImmediate)
  }
}

t.test('requests that waited for a late loop are refused, and served when it has caught up', async (t) => {
  const { upstream, gateway, client, bearer } = await start(t)
  t.equal((await client.ask(get('/before', bearer))).status, 200)
  t.equal(upstream.requests.length, 1)
  await stall(6, client, get('/late', bearer))
  const refused = await client.answer()
  t.equal(refused.status, 503)
  t.equal(codeOf(refused), 'overloaded')
  t.same(refused.header('retry-after'), ['1'])
  t.equal(upstream.requests.length, 1, 'nothing was sent for it')

  await until(async () => (await gateway.metric(delay)) < limitMs / 2000)
  t.equal((await client.ask(get('/after', bearer))).status, 200, 'on the same connection')
  t.equal(upstream.requests.length, 2)
  t.equal(await gateway.metric('sallyport_exchanges_total{route="(none)",outcome="overloaded"}'), 1)
})

t.test('one pause, however long, refuses nobody', async (t) => {
  const { client, bearer } = await start(t)
  await client.ask(get('/before', bearer))
  await stall(1, client, get('/paused', bearer))
  t.equal((await client.answer()).status, 200)
})
