/**
 * Targets that are asked how they are: no client has to find out that one is not well.
 * @module
 */

import t from 'tap'
import { until } from '../../support/until.ts'
import { type Answer, startStage } from './stage.ts'

const health = { path: '/healthz', interval: '50ms', timeout: '100ms', unhealthyAfter: 2, healthyAfter: 2 }
const isProbe = (seen: string) => seen === 'GET /healthz'

const ailments: Readonly<Record<string, Answer>> = {
  'another status': (_request, response) => response.writeHead(503).end(),
  'a redirection': (_request, response) => response.writeHead(302, { location: '/login' }).end(),
  silence: () => {},
  'a connection that ends': (request) => void request.socket.destroy(),
}
for (const [name, ailing] of Object.entries(ailments)) {
  t.test(`a target that answers with ${name} gets no requests until it is well`, async (t) => {
    const { targets, load, isUp } = await startStage(t, 2, { health })
    const [ill, well] = targets
    if (ill === undefined || well === undefined) throw new Error('no targets')
    const fine = ill.answer
    ill.answer = (request, response) => (request.url === '/healthz' ? ailing : fine)(request, response)
    await until(async () => !(await isUp(ill)))
    const before = ill.seen.filter((seen) => !isProbe(seen)).length
    t.strictSame(await load(20, 2), { 200: 20 })
    t.equal(ill.seen.filter((seen) => !isProbe(seen)).length, before)
    t.ok(await isUp(well))

    ill.answer = fine
    await until(() => isUp(ill))
    t.strictSame(await load(20, 2), { 200: 20 })
    t.ok(ill.seen.filter((seen) => !isProbe(seen)).length > before)
  })
}

t.test('a probe carries no credential, and the service\u2019s own Host', async (t) => {
  const { targets } = await startStage(t, 1, { health, host: 'service.example' })
  const [target] = targets
  if (target === undefined) throw new Error('no target')
  const probe = Promise.withResolvers<readonly string[]>()
  target.answer = (request, response) => {
    probe.resolve(request.rawHeaders)
    response.end()
  }
  t.strictSame(await probe.promise, [
    'host',
    'service.example',
    'user-agent',
    'sallyport-health',
    'connection',
    'keep-alive',
  ])
})

t.test('a service whose targets all fail their probes is asked all the same', async (t) => {
  const { targets, ask, isUp } = await startStage(t, 2, { health: { ...health, path: '/missing' } })
  for (const target of targets) {
    target.answer = (request, response) => response.writeHead(request.url === '/missing' ? 404 : 200).end()
  }
  await until(async () => !(await isUp(targets[0] as never)) && !(await isUp(targets[1] as never)))
  t.equal((await ask()).status, 200)
})

t.test('probes end with the gateway', async (t) => {
  const { targets, gateway } = await startStage(t, 1, { health })
  await until(() => (targets[0]?.seen.length ?? 0) > 2)
  await gateway.close()
  const before = targets[0]?.seen.length
  await new Promise((resolve) => setTimeout(resolve, 200))
  t.equal(targets[0]?.seen.length, before)
})
