/**
 * What the record says of the last use of a token once a gateway has let it through.
 * @module
 */

import { Agent, request as send } from 'node:http'
import t, { type Test } from 'tap'
import { startTestGateway } from '../../support/gateway.ts'
import { type InstallationPlan, newInstallation } from '../../support/installation.ts'
import { freshDatabase } from '../../support/postgres.ts'
import { recordingUpstream } from '../../support/recording-upstream.ts'
import { until } from '../../support/until.ts'

const upstream = await recordingUpstream(t)
const recordings = 'sallyport_store_queries_total{operation="recordUses"}'

/** Many requests over a few connections; yields how many were answered with 200. */
async function ask(t: Test, port: number, text: string, count = 1, path = '/'): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 16 })
  t.teardown(() => agent.destroy())
  const headers = { authorization: `Bearer ${text}` }
  const statuses = Array.from({ length: count }, () => {
    const { promise, resolve, reject } = Promise.withResolvers<number | undefined>()
    const request = send({ host: '127.0.0.1', port, path, agent, headers }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode))
    })
    request.on('error', reject).end()
    return promise
  })
  return (await Promise.all(statuses)).filter((status) => status === 200).length
}

/** What `token show` says of the last use, before and after a gateway was told to stop. */
async function shownUse(t: Test, plan: Omit<InstallationPlan, 'upstream'>) {
  const installation = newInstallation(t, { upstream: upstream.url, ...plan })
  const gateway = await installation.serve()
  const { text, token } = await installation.issue()
  const show = async () => (await installation.run('token', 'show', token.id)).document
  const from = Date.now()
  t.equal(await ask(t, gateway.port, text, 100), 100)
  const to = Date.now()
  const running = await show()
  gateway.terminate()
  t.equal(await gateway.ended, 0)
  return { running, stopped: await show(), from, to }
}

for (const [name, store] of [
  ['PostgreSQL', async (t: Test) => ({ postgres: { url: await freshDatabase(t) } })],
  ['SQLite', async () => undefined],
] as const) {
  t.test(`SIGTERM loses no use: «token show» has it from ${name}`, async (t) => {
    const place = await store(t)
    const { running, stopped, from, to } = await shownUse(t, place === undefined ? {} : { store: place })
    t.equal(running.lastUsedAt, null, 'a minute has not passed')
    const at = Date.parse(String(stopped.lastUsedAt))
    t.ok(at >= from && at <= to, String(stopped.lastUsedAt))
    t.equal(stopped.lastUsedAddress, '127.0.0.0/24')
  })
}

t.test('an interval of 0s records nothing at all', async (t) => {
  const store = { postgres: { url: await freshDatabase(t) }, lastUsedInterval: '0s' }
  const { stopped } = await shownUse(t, { store })
  t.match(stopped, { lastUsedAt: null, lastUsedAddress: null })
})

t.test('ten thousand requests cost one batch in an interval', async (t) => {
  const intervalMs = 1_000
  const startedAt = performance.now()
  const gateway = await startTestGateway(t, {
    upstream: upstream.url,
    routes: [{ match: { path: '/{path*}' } }],
    store: { postgres: { url: await freshDatabase(t) }, lastUsedInterval: `${intervalMs}ms` },
    log: { requests: false },
  })
  const { text, token } = await gateway.issue()
  t.equal(await ask(t, gateway.port, text, 10_000), 10_000)
  await until(async () => (await gateway.store.showToken(token.id))?.lastUsedAt !== undefined)
  const batches = await gateway.metric(recordings)
  const intervals = (performance.now() - startedAt) / intervalMs
  t.ok(batches >= 1 && batches <= intervals, `${batches} batches in ${intervals.toFixed(1)} intervals`)
})

t.test('only what a token was let through for is a use of it', async (t) => {
  const gateway = await startTestGateway(t, {
    upstream: upstream.url,
    routes: [
      { match: { path: '/public' }, authorize: { public: true } },
      { match: { path: '/trial' }, authorize: { kinds: ['group'] }, mode: 'shadow' },
      { match: { path: '/refused' }, authorize: { kinds: ['group'] } },
      { match: { path: '/{path*}' } },
    ],
    store: { postgres: { url: await freshDatabase(t) }, lastUsedInterval: '200ms' },
  })
  const lastUse = async (id: string) => (await gateway.store.showToken(id))?.lastUsedAt
  const idle = await gateway.issue()
  const used = await gateway.issue()
  t.equal(await ask(t, gateway.port, idle.text, 1, '/public'), 1)
  t.equal(await ask(t, gateway.port, idle.text, 1, '/trial'), 1)
  t.equal(await ask(t, gateway.port, idle.text, 1, '/refused'), 0)
  t.equal(await ask(t, gateway.port, used.text), 1)
  await until(() => lastUse(used.token.id))
  t.equal(await lastUse(idle.token.id), undefined)
})
