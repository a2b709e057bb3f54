/**
 * Keys for builds are minted for a trusted service: for the projects that its token is bound to, for a few hours, shown
 * once, and on record with whoever asked.
 * @module
 */

import t, { type Test } from 'tap'
import { decodeEntry } from '../../../src/audit/entry.ts'
import { exampleRoutes, json, notPermitted, notProvided, said, start, token } from './scene.ts'

const path = '/sallyport/build-keys'
const scopes = ['build-keys:mint']
const hourMs = 3_600_000

async function startMinting(t: Test) {
  const clock = { at: Date.UTC(2026, 0, 31), now: () => clock.at }
  const scene = await start(t, { clock })
  const minter = await scene.gateway.issue({ kind: 'deploy', subject: 'scheduler', scopes })
  const mint = (wanted: unknown, text = minter.text) =>
    scene.send('POST', path, text, { body: typeof wanted === 'string' ? wanted : JSON.stringify(wanted) })
  const countKeys = async () =>
    (await scene.gateway.store.listTokens({ state: 'all', kind: 'build', now: clock.at, limit: 100 })).length
  return { ...scene, clock, minter, mint, countKeys }
}

t.test('a key is for one project, for three hours, and works at once', async (t) => {
  const { mint, send, gateway, upstream, clock } = await startMinting(t)
  const answer = await mint({ project: 'pip' })
  t.equal(answer.status, 201)
  t.strictSame(answer.header('cache-control'), ['no-store'])
  t.strictSame(answer.header('content-type'), ['application/json'])
  t.equal(upstream.requests.length, 0, 'the service has no part in it')
  const { id, key, ...rest } = JSON.parse(answer.body.toString())
  t.strictSame(rest, { project: 'pip', expires: '2026-01-31T03:00:00.000Z' })
  t.match(await gateway.store.showToken(id), {
    kind: 'build',
    subject: { name: 'readthedocs:pip', kind: 'project' },
    bindings: { project: ['pip'] },
    access: 'read-write',
    scopes: [],
    description: 'pip',
    createdBy: 'scheduler',
    expiresAt: clock.at + 3 * hourMs,
  })
  t.equal((await send('POST', '/api/v2/build/11/reset/', key)).status, 204)
  t.equal((await send('POST', '/api/v2/build/22/reset/', key)).status, 404)
  t.strictSame(
    said(await send('POST', path, key, { body: '{"project":"pip"}' })),
    notPermitted,
    'mints no more',
  )
  t.notOk(JSON.stringify(gateway.log).includes(key), 'it is in no log')
})

t.test('who minted it, and from where, is on record', async (t) => {
  const { mint, gateway, minter } = await startMinting(t)
  const { id } = JSON.parse((await mint({ project: 'pip', build: 11 })).body.toString())
  const entries = (await gateway.store.audit.latest(2)).map(({ entry }) => decodeEntry(entry))
  const issued = entries.find((entry) => entry?.deed === 'token_issued')
  t.match(issued, { tokenId: id, by: 'scheduler', origin: 'client:127.0.0.1' })
  t.match(
    gateway.log.findLast(({ outcome }) => outcome === 'served'),
    {
      route: 'build-keys',
      status: 201,
      tokenId: minter.token.id,
    },
  )
})

t.test('it may be narrowed to one build, and live for as long as is asked', async (t) => {
  const { mint, send, gateway, clock } = await startMinting(t)
  for (const build of [11, '11']) {
    const answer = await mint({ project: 'pip', build, lifetime: '45m' })
    const { id, key, build: said } = JSON.parse(answer.body.toString())
    t.equal(said, '11')
    t.match(await gateway.store.showToken(id), {
      bindings: { project: ['pip'], build: ['11'] },
      expiresAt: clock.at + 45 * 60_000,
    })
    t.equal((await send('POST', '/api/v2/build/11/reset/', key)).status, 204)
    t.equal((await send('POST', '/api/v2/build/12/reset/', key)).status, 404)
  }
  t.equal((await mint({ project: 'pip', lifetime: '24h' })).status, 201)
})

t.test('its name is that of the project, as far as the service writes it', async (t) => {
  const { mint, gateway } = await startMinting(t)
  const project = 'p'.repeat(60)
  const { id } = JSON.parse((await mint({ project })).body.toString())
  t.equal((await gateway.store.showToken(id))?.description, 'p'.repeat(50))
  t.strictSame((await gateway.store.showToken(id))?.bindings, { project: [project] })
})

t.test('a token that is bound mints for the projects that it is bound to', async (t) => {
  const { mint, gateway } = await startMinting(t)
  const bound = (projects: string[]) =>
    gateway.issue({ kind: 'deploy', subject: 'scheduler', scopes, bindings: { project: projects } })
  const { text } = await bound(['pip', 'tox'])
  t.equal((await mint({ project: 'tox' }, text)).status, 201)
  t.strictSame(said(await mint({ project: 'secret' }, text)), notPermitted)
  t.equal((await mint({ project: 'secret' }, (await bound(['*'])).text)).status, 201)
})

t.test('nobody else mints', async (t) => {
  const { mint, gateway, keyA, clock, send, countKeys } = await startMinting(t)
  const before = await countKeys()
  const others = [
    await gateway.issue({ kind: 'deploy', subject: 'scheduler' }),
    await gateway.issue({ kind: 'deploy', subject: 'scheduler', scopes: ['build-keys'] }),
    await gateway.issue({ kind: 'deploy', subject: 'scheduler', scopes, access: 'read-only' }),
    await gateway.issue({ kind: 'deploy', subject: 'scheduler', scopes, bindings: { account: ['a'] } }),
    await gateway.issue({ kind: 'deploy', subject: 'scheduler', scopes, networks: ['192.0.2.0/24'] }),
    await gateway.issue({ kind: 'session', subject: 'scheduler', scopes }),
    keyA,
  ]
  for (const { text } of others) t.strictSame(said(await mint({ project: 'pip' }, text)), notPermitted)
  const expired = await gateway.issue({ kind: 'deploy', subject: 'scheduler', scopes, lifetimeMs: 1 })
  clock.at += 10
  t.strictSame(said(await mint({ project: 'pip' }, expired.text)), notProvided)
  t.strictSame(said(await send('POST', path, undefined, { body: '{"project":"pip"}' })), notProvided)
  for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS'])
    t.equal((await send(method, path, keyA.text)).status, 404, method)
  t.equal(await countKeys(), before)
})

t.test('what is not clearly one key for one project is refused, with what is wrong', async (t) => {
  const { mint, countKeys } = await startMinting(t)
  const before = await countKeys()
  const wrong: readonly (readonly [unknown, RegExp])[] = [
    ['', /one JSON object/],
    ['[]', /one JSON object/],
    ['{"project":"pip"', /one JSON object/],
    ['{"project":"tox","project":"pip"}', /one JSON object/],
    ['project=pip', /one JSON object/],
    [{}, /project must be/],
    [{ project: '*' }, /project must be/],
    [{ project: ['pip'] }, /project must be/],
    [{ project: '' }, /project must be/],
    [{ project: 'a b' }, /project must be/],
    [{ project: 'pip\n' }, /project must be/],
    [{ project: 'x'.repeat(256) }, /project must be/],
    [{ project: 'pip', build: '*' }, /build must be/],
    [{ project: 'pip', build: 0 }, /build must be/],
    [{ project: 'pip', build: 1.5 }, /build must be/],
    [{ project: 'pip', build: '011' }, /build must be/],
    [{ project: 'pip', build: ['11'] }, /build must be/],
    [{ project: 'pip', build: null }, /build must be/],
    [{ project: 'pip', lifetime: '25h' }, /1440m at most/],
    [{ project: 'pip', lifetime: '0s' }, /lifetime must be/],
    [{ project: 'pip', lifetime: 3600 }, /lifetime must be/],
    [{ project: 'pip', lifetime: '-1h' }, /lifetime must be/],
    [{ project: 'pip', lifetime: '999999999h' }, /lifetime must be/],
    [{ project: 'pip', access: 'owner' }, /alone/],
    [`{"project":"pip"${' '.repeat(4_096)}}`, /too long/],
  ]
  for (const [wanted, problem] of wrong) {
    const answer = await mint(wanted)
    t.equal(answer.status, 400, JSON.stringify(wanted))
    t.match(JSON.parse(answer.body.toString()).detail, problem)
  }
  t.equal(await countKeys(), before)
})

t.test('a project that was deleted here gets a new life, and one that is disabled gets no key', async (t) => {
  const { mint, gateway } = await startMinting(t)
  const act = { at: 0, by: 'test', origin: 'test', cause: '' }
  t.equal((await mint({ project: 'pip' })).status, 201)
  await gateway.store.setSubjectStatus('readthedocs:pip', 'disabled', act)
  t.strictSame(said(await mint({ project: 'pip' })), notPermitted)
  t.match(
    gateway.log.findLast(({ code }) => code === 'condition_not_met'),
    { reason: /is disabled/ },
  )
  await gateway.store.setSubjectStatus('readthedocs:pip', 'deleted', act)
  t.equal((await mint({ project: 'pip' })).status, 201)
})

t.test('in shadow mode, where nobody is known, nothing is minted', async (t) => {
  const routes = exampleRoutes().map((route) =>
    route.name === 'build-keys' ? { ...route, mode: 'shadow' as const } : route,
  )
  const { gateway } = await start(t, { routes })
  for (const headers of [[json], [json, token('spd_nobody')]]) {
    const answer = await gateway.request({ method: 'POST', path, headers, body: '{"project":"pip"}' })
    t.strictSame(said(answer), notProvided)
  }
})
