/**
 * A thousand sockets at once: each hears its own echo and nobody else's, and nothing of them is left behind.
 * @module
 */

import t from 'tap'
import { until } from '../../support/until.ts'
import { echoUpstream, nextMessage, openSocket, startTunnels } from './scene.ts'

const crowd = 1_000
const batch = 50

t.test('a thousand sockets are open at once, and all of them work', async (t) => {
  const upstream = await echoUpstream(t)
  const gateway = await startTunnels(t, upstream.url, { log: { requests: false } })
  const { text } = await gateway.issue()
  const open = () => gateway.metric('sallyport_tunnels_open{upstream="legacy"}')
  const sockets = []
  while (sockets.length < crowd) {
    const opening = Array.from({ length: batch }, () => openSocket(t, gateway, text))
    sockets.push(...(await Promise.all(opening)))
  }
  t.equal(await open(), crowd)
  const echoes = await Promise.all(
    sockets.map(async (socket, index) => {
      socket.send(`number ${index}`)
      return String(await nextMessage(socket)) === `number ${index}`
    }),
  )
  t.same(
    echoes.filter((isOwn) => !isOwn),
    [],
  )
  for (const socket of sockets) socket.terminate()
  await until(async () => (await open()) === 0)
  await until(async () => (await gateway.metric('sallyport_exchanges_in_flight')) === 0)
  t.equal(await gateway.metric('sallyport_tunnels_closed_total{cause="client"}'), crowd)
})
