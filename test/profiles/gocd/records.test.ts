/**
 * What the record keeps of tokens: how they are hashed, when they were last used, what becomes of them with their user,
 * and that every replica knows.
 * @module
 */

import { pbkdf2Sync, randomUUID } from 'node:crypto'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { systemClock } from '../../../src/lib/clock.ts'
import { newKeyRing } from '../../../src/tokens/keys/key-ring-text.ts'
import { deleteSubject } from '../../../src/tokens/life/delete-subject.ts'
import { freshDatabase } from '../../support/postgres.ts'
import type { HeaderLine } from '../../support/recording-upstream.ts'
import { sharedRedisUrl } from '../../support/redis.ts'
import { until } from '../../support/until.ts'
import { vectors } from '../../unit/formats/vectors.ts'
import { allTokens, basic, bearer, invalid, ownTokens, type Scene, startScene, v1 } from './scene.ts'

const alice = basic('alice', 'wonder:land')
const root = basic('root', 'toor')
const typed: HeaderLine = ['Content-Type', 'application/json']
const caughtUp = () => new Promise((resolve) => setTimeout(resolve, 300))

async function make({ send }: Scene): Promise<{ id: string; token: string }> {
  return JSON.parse(
    (await send('POST', ownTokens, [alice, v1, typed], '{"description":"x"}')).body.toString(),
  )
}

async function show({ get }: Scene, id: string, path = allTokens) {
  return JSON.parse((await get(`${path}/${id}`, root, v1)).body.toString())
}

t.test('G25 the last use of a token is recorded once in a while, and not before', async (t) => {
  const rarely = await startScene(t, 'gateway')
  const { id, token } = await make(rarely)
  t.equal((await rarely.get('/go/api/agents', bearer(token))).status, 200)
  t.equal((await show(rarely, id)).last_used_at, null)

  const often = await startScene(t, 'gateway', { input: { store: { lastUsedInterval: '50ms' } } })
  const { id: other, token: text } = await make(often)
  t.equal((await often.get('/go/api/agents', bearer(text))).status, 200)
  await until(async () => (await show(often, other)).last_used_at !== null)
  t.match((await show(often, other, ownTokens)).last_used_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
})

t.test('G26 a thousand uses in one interval are recorded in one batch', async (t) => {
  const scene = await startScene(t, 'gateway', { input: { store: { lastUsedInterval: '4s' } } })
  const { id, token } = await make(scene)
  const startedAt = performance.now()
  t.equal(await useOften(t, scene.gateway.port, token, 1_000), 1_000)
  await until(async () => (await show(scene, id)).last_used_at !== null)
  const intervals = Math.ceil((performance.now() - startedAt) / 4_000)
  const batches = await scene.gateway.metric('sallyport_store_queries_total{operation="recordUses"}')
  t.ok(batches >= 1 && batches <= intervals, `${batches} in ${intervals} intervals`)
})

async function useOften(t: Test, port: number, token: string, count: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 16 })
  t.teardown(() => agent.destroy())
  const headers = { authorization: `Bearer ${token}` }
  const statuses = Array.from({ length: count }, () => {
    const { promise, resolve, reject } = Promise.withResolvers<number | undefined>()
    const sent = request({ host: '127.0.0.1', port, path: '/go/api/agents', agent, headers }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode))
    })
    sent.on('error', reject).end()
    return promise
  })
  return (await Promise.all(statuses)).filter((status) => status === 200).length
}

t.test('G27 with a user go all tokens, for good; administrators still see them', async (t) => {
  const scene = await startScene(t, 'gateway')
  const [token, lost] = [await make(scene), await make(scene)]
  t.equal((await scene.get('/go/api/agents', bearer(token.token))).status, 200)
  const revoke = [alice, v1, typed] as const
  await scene.send('POST', `${ownTokens}/${lost.id}/revoke`, revoke, '{"revoke_cause":"lost"}')
  await deleteSubject(scene.gateway.store, systemClock, 'alice', { by: 'root', origin: 'test' })
  await caughtUp()

  for (const each of [token, lost]) {
    const { status, body } = await scene.get('/go/api/agents', bearer(each.token))
    t.equal(status, 401)
    t.equal(body.toString(), invalid)
  }
  t.match(await show(scene, token.id), {
    revoked: true,
    revoke_cause: 'Revoked because user was deleted by root',
    revoked_by: 'root',
    revoked_because_user_deleted: true,
  })
  t.match(await show(scene, lost.id), {
    revoke_cause: 'lost',
    revoked_by: 'alice',
    revoked_because_user_deleted: false,
  })
  t.equal((await scene.send('POST', `${allTokens}/${token.id}/revoke`, [root, v1])).status, 409)

  const again = await make(scene)
  const mine = JSON.parse((await scene.get(`${ownTokens}?filter=all`, alice, v1)).body.toString())
  t.strictSame(
    mine._embedded.access_tokens.map(({ id }: { id: string }) => id),
    [again.id],
    'whoever has the name next has none of them',
  )
  t.equal((await scene.get(`${ownTokens}/${token.id}`, alice, v1)).status, 404)
})

t.test("G27 deleting users is GoCD's own affair, and passes unchanged", async (t) => {
  const scene = await startScene(t, 'upstream')
  const { status } = await scene.send('DELETE', '/go/api/users/alice', [root, v1])
  t.equal(status, 200)
  const received = scene.gocd.forwarded().at(-1)
  t.equal(`${received?.method} ${received?.target}`, 'DELETE /go/api/users/alice')
  t.strictSame(received?.header('authorization'), [root[1]])
})

t.test('G28 tokens are hashed as GoCD hashes them', async (t) => {
  const [, vector] = vectors.gocd
  t.match(vector?.value, /^f07473aa.*3e11e$/)
  const scene = await startScene(t, 'gateway')
  const { token } = await make(scene)
  const { candidates } = await scene.gateway.store.foreign.find([
    { format: 'gocd', locator: token.slice(0, 8) },
  ])
  const [salt = '', hash] = candidates[0]?.verifier.split('$') ?? []
  t.match(salt, /^[0-9a-f]{64}$/)
  t.equal(hash, pbkdf2Sync(token.slice(8), salt, 4096, 32, 'sha256').toString('hex'))
  const proofs = 'sallyport_foreign_proofs_total{format="gocd",result="proven"}'
  for (let count = 0; count < 3; count++) await scene.get('/go/api/agents', bearer(token))
  t.equal(await scene.gateway.metric(proofs), 1, 'once proven, it is known')
})

const places = {
  'one file': async (t: Test) => ({ store: { sqlite: { path: join(t.testdir(), 'tokens.db') } } }),
  'PostgreSQL and Redis': async (t: Test) => ({
    store: { postgres: { url: await freshDatabase(t) } },
    cache: { redis: { url: sharedRedisUrl(), prefix: `test-${randomUUID()}:` } },
  }),
}

for (const [name, placeOf] of Object.entries(places)) {
  t.test(
    `over ${name}, what one replica makes works at another, and what it revokes is refused there at once`,
    async (t) => {
      const input = { keys: { ring: newKeyRing(systemClock).reveal() }, ...(await placeOf(t)) }
      const one = await startScene(t, 'gateway', { input })
      const other = await startScene(t, 'gateway', { input, gocd: one.gocd })
      const { id, token } = await make(one)
      await until(async () => (await other.get('/go/api/agents', bearer(token))).status === 200, 1_000)
      t.equal((await one.get('/go/api/agents', bearer(token))).status, 200)
      t.equal((await other.send('POST', `${ownTokens}/${id}/revoke`, [alice, v1])).status, 200)
      for (const { get } of [one, other]) t.equal((await get('/go/api/agents', bearer(token))).status, 401)
    },
  )
}
