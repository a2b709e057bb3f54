/**
 * Several targets are one service: they share the work, and the loss of one is the loss of what was under way there.
 * @module
 */

import t from 'tap'
import { until } from '../../support/until.ts'
import { type StagedTarget, startStage } from './stage.ts'

const counts = (targets: readonly StagedTarget[]) => targets.map(({ seen }) => seen.length)

t.test('targets that are as fast as each other get as much', async (t) => {
  const { targets, load } = await startStage(t, 3)
  t.strictSame(await load(300, 6), { 200: 300 })
  for (const count of counts(targets)) t.ok(count >= 80 && count <= 120, `${counts(targets)}`)
})

t.test('a target with requests under way gets the next one last', async (t) => {
  const { targets, ask } = await startStage(t, 3)
  const [slow] = targets
  const release = Promise.withResolvers<void>()
  if (slow !== undefined)
    slow.answer = (_request, response) => void release.promise.then(() => response.end())
  const held = Promise.all([ask(), ask(), ask()])
  await until(() => slow?.seen.length === 1)
  for (let index = 0; index < 10; index++) t.equal((await ask()).status, 200)
  t.equal(slow?.seen.length, 1, 'no other request waits behind the slow one')
  release.resolve()
  await held
})

t.test('a target that dies takes with it what is under way there, and nothing else', async (t) => {
  const { targets, load, gateway, isUp } = await startStage(t, 3, { ejection: { outFor: '200ms' } })
  const [first, second, third] = targets
  if (first === undefined || second === undefined || third === undefined) throw new Error('no targets')
  let underWay = 0
  first.answer = (_request, response) => {
    underWay++
    setTimeout(() => response.end('ok'), 20).unref()
    response.once('close', () => underWay--)
  }
  const loaded = load(600, 9)
  await until(() => first.seen.length >= 5 && underWay > 0)
  const lost = underWay
  await first.kill()
  const { 200: good = 0, ...bad } = await loaded
  const failed = Object.values(bad).reduce((sum, count) => sum + count, 0)
  t.equal(good + failed, 600)
  t.ok(failed <= lost + 1, `${failed} failed, with ${lost} under way on the target that died`)
  await until(async () => !(await isUp(first)))
  t.ok(gateway.log.some(({ message }) => message === 'a target of an upstream is left out'))
  t.ok((await isUp(second)) && (await isUp(third)))

  const before = first.seen.length
  first.answer = second.answer
  await first.start()
  await until(async () => {
    await load(10, 2)
    return await isUp(first)
  })
  t.strictSame(await load(90, 3), { 200: 90 })
  t.ok(first.seen.length > before + 10, 'it has its share again')
  t.ok(gateway.log.some(({ message }) => message === 'a target of an upstream is back'))
})

t.test('a target that accepts and never answers is left out after the third timeout', async (t) => {
  const { targets, load, ask, isUp } = await startStage(t, 3, {
    timeouts: { headers: '200ms' },
    ejection: { outFor: '1m', outForMax: '1m' },
  })
  const [frozen] = targets
  if (frozen === undefined) throw new Error('no target')
  frozen.answer = () => {}
  const { 504: timedOut = 0, ...others } = await load(60, 1)
  t.equal(timedOut, 3)
  t.strictSame(others, { 200: 57 })
  t.notOk(await isUp(frozen))
  t.equal(frozen.seen.length, 3, 'a request that timed out went nowhere else, and none followed')
  t.equal((await ask()).status, 200)
})

t.test('statuses that the settings name take a target out, and clients see them until then', async (t) => {
  const { targets, load, isUp } = await startStage(t, 2, { ejection: { statuses: [503], outFor: '1m' } })
  const [bad, good] = targets
  if (bad === undefined || good === undefined) throw new Error('no targets')
  bad.answer = (_request, response) => response.writeHead(503).end()
  const { 503: refused } = await load(20, 1)
  t.equal(refused, 3)
  t.strictSame([await isUp(bad), await isUp(good)], [false, true])
})

t.test('when all targets are gone, clients learn so at once, and one that comes back is found', async (t) => {
  const { targets, load, ask } = await startStage(t, 2, { ejection: { outFor: '1m', outForMax: '1m' } })
  for (const target of targets) await target.kill()
  t.strictSame(await load(20, 2), { 502: 20 })
  await targets[1]?.start()
  t.equal((await ask()).status, 200, 'although it is left out, as they all are')
})

t.test('a client that breaks its uploads off takes no target out', async (t) => {
  const { targets, gateway, isUp } = await startStage(t, 2)
  const { connect } = await import('node:net')
  for (let index = 0; index < 10; index++) {
    const seen = () => targets.reduce((sum, { seen }) => sum + seen.length, 0)
    const before = seen()
    const socket = connect(gateway.port, '127.0.0.1')
    socket.write('PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf')
    await until(() => seen() > before)
    socket.destroy()
  }
  await until(async () => (await gateway.metric('sallyport_exchanges_in_flight')) === 0)
  for (const target of targets) t.ok(await isUp(target))
})
