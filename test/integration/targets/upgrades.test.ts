/**
 * What becomes of upgrades says as much about a target as what becomes of other requests.
 * @module
 */

import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { until } from '../../support/until.ts'
import { type Answer, type Stage, startStage } from './stage.ts'

const outForLong = { ejection: { outFor: '1m', outForMax: '1m' } }

async function statusesOf(count: number, ask: Stage['askToSwitch']): Promise<Record<number, number>> {
  const statuses: Record<number, number> = {}
  for (let index = 0; index < count; index++) {
    const { status } = await ask()
    statuses[status] = (statuses[status] ?? 0) + 1
  }
  return statuses
}

t.test('a target that takes no connections is left out after three upgrades', async (t) => {
  const { targets, askToSwitch, ask, isUp } = await startStage(t, 2, outForLong)
  const [dead, alive] = targets
  if (dead === undefined || alive === undefined) throw new Error('no targets')
  await dead.kill()
  t.strictSame(await statusesOf(20, askToSwitch), { 200: 17, 502: 3 })
  t.strictSame([await isUp(dead), await isUp(alive)], [false, true])
  t.equal(alive.seen.length, 17)
  t.equal((await ask()).status, 200)
})

const failures: Readonly<Record<string, Answer>> = {
  'a switch without proof': ({ socket }) =>
    void socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'),
  'no answer': ({ socket }) => void socket.destroy(),
  'a status that the settings name': (_request, response) => response.writeHead(503).end(),
}
for (const [name, answer] of Object.entries(failures)) {
  t.test(`a target that answers upgrades with ${name} is left out`, async (t) => {
    const ejection = { ...outForLong.ejection, statuses: [503] }
    const { targets, askToSwitch, isUp } = await startStage(t, 2, { ejection })
    const [bad, good] = targets
    if (bad === undefined || good === undefined) throw new Error('no targets')
    bad.answer = answer
    const { 200: fine } = await statusesOf(20, askToSwitch)
    t.equal(fine, 17)
    t.strictSame([await isUp(bad), await isUp(good)], [false, true])
    t.equal(bad.seen.length, 3)
  })
}

t.test('an upgrade that is answered brings a target back', async (t) => {
  const { targets, askToSwitch, isUp } = await startStage(t, 2, { ejection: { outFor: '50ms' } })
  const [target] = targets
  if (target === undefined) throw new Error('no targets')
  await target.kill()
  await until(async () => {
    await askToSwitch()
    return !(await isUp(target))
  })
  await target.start()
  await until(async () => {
    await askToSwitch()
    return await isUp(target)
  })
})

t.test('clients that leave before their upgrade is answered take no target out', async (t) => {
  const { targets, gateway, isUp } = await startStage(t, 2, outForLong)
  for (const target of targets) target.answer = () => {}
  const seen = () => targets.reduce((sum, { seen }) => sum + seen.length, 0)
  for (let index = 0; index < 10; index++) {
    const socket = connect(gateway.port, '127.0.0.1')
    socket.write(
      'GET /a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    )
    await until(() => seen() > index)
    socket.destroy()
    await once(socket, 'close')
  }
  await until(async () => (await gateway.metric('sallyport_exchanges_in_flight')) === 0)
  for (const target of targets) {
    t.ok(await isUp(target))
    target.answer = (_request, response) => response.end('ok')
  }
  t.strictSame(
    targets.map(({ seen }) => seen.length),
    [5, 5],
    'nothing is left of them in the count of what is under way',
  )
})
