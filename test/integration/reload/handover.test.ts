/**
 * Two gateways behind a balancer that looks at readiness and sends nothing twice: each is stopped and started again while
 * requests come without a pause, and none is lost.
 * @module
 */

import { Agent } from 'node:http'
import t from 'tap'
import { type Configuration, startGatewayProcess } from '../../../bench/gateway-process.ts'
import { watchingBalancer } from '../../../bench/reload/balancer.ts'
import { ask } from '../../../bench/soak/client.ts'
import { recordingUpstream } from '../../support/recording-upstream.ts'
import { until } from '../../support/until.ts'

const clients = 8

t.test('a gateway that drains hands over to another without a lost request', async (t) => {
  const upstream = await recordingUpstream(t)
  const configuration: Configuration = {
    listen: { timeouts: { drainDelay: '2s', drain: '5s' } },
    upstreams: { legacy: { url: upstream.url } },
    routes: [{ name: 'all', match: { path: '/{path*}' }, upstream: 'legacy' }],
  }
  const first = await startGatewayProcess(t, configuration, { from: 'src' })
  const second = await startGatewayProcess(t, configuration, { from: 'src', record: first.record })
  const { text: token } = await first.issue()
  const { url } = await watchingBalancer(t, first, second)
  const agent = new Agent({ keepAlive: true })
  t.teardown(() => agent.destroy())

  let isOver = false
  let answered = 0
  const lost: string[] = []
  const client = async () => {
    while (!isOver) {
      await ask(
        { port: Number(new URL(url).port), agent, method: 'PUT', path: '/x', token, body: Buffer.from('b') },
        200,
      ).then(
        () => answered++,
        (error: Error) => lost.push(error.message),
      )
    }
  }
  const running = Array.from({ length: clients }, client)
  for (const gateway of [first, second]) {
    const before = answered
    await gateway.restart()
    // Requests came through the other meanwhile, and this one is back before that goes.
    await until(() => answered > before + clients)
  }
  isOver = true
  await Promise.all(running)
  t.same(lost, [])
  t.equal(upstream.requests.length, answered)
  t.ok(answered > 100, `${answered} answered`)
})
