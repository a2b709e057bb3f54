/**
 * Replicas over a real store, with and without a real Redis: a revocation reaches them within a second, an outage of
 * the store is bridged for known tokens, and recovery needs no restart.
 * @module
 */

import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { store as storeSchema } from '../../../src/config/schema/tokens.ts'
import { migrate } from '../../../src/database/migrate.ts'
import { mintToken } from '../../../src/tokens/mint-token.ts'
import type { Digests, TokenStore } from '../../../src/tokens/ports.ts'
import { openTokenStore } from '../../../src/tokens/stores/open-token-store.ts'
import { actAt, anySealer } from '../../support/act.ts'
import { startPostgres } from '../../support/postgres.ts'
import { startRedis } from '../../support/redis.ts'
import { until } from '../../support/until.ts'
import { keyRing, type Replica, startReplica } from './replica.ts'

const postgres = await startPostgres()
t.teardown(() => postgres.stop())
const redis = await startRedis()
t.teardown(() => redis.stop())
const folder = mkdtempSync(join(tmpdir(), 'sallyport-directory-'))
t.teardown(() => rmSync(folder, { recursive: true }))

const stores = {
  postgres: storeSchema.parse({ postgres: { url: postgres.url } }),
  sqlite: storeSchema.parse({ sqlite: { path: join(folder, 'tokens.db') } }),
}
for (const settings of Object.values(stores)) await migrate(settings)

/** A connection of its own, as every process has. */
function openStore(technology: keyof typeof stores): TokenStore {
  const store = openTokenStore(stores[technology], { sealer: anySealer })
  t.teardown(() => store.close())
  return store
}

/** A new token of a new subject. */
async function issue(store: TokenStore): Promise<{ id: string; subject: string; digests: Digests }> {
  const subject = await store.addSubject({ id: randomUUID(), name: randomUUID(), kind: 'user' }, actAt(1))
  if (subject === undefined) throw new Error('a subject of that name exists')
  const { digest } = mintToken('personal', keyRing)
  const id = randomUUID()
  await store.addToken(
    {
      id,
      digest,
      kind: 'personal',
      subjectId: subject.id,
      scopes: ['read'],
      bindings: {},
      access: 'read-only',
      networks: undefined,
      paths: undefined,
      description: '',
      expiresAt: undefined,
    },
    actAt(1),
  )
  return { id, subject: subject.name, digests: [digest] }
}

/** What a request would be told now. */
async function look({ directory }: Replica, digests: Digests) {
  const { token } = directory.recall(digests[0].value) ?? (await directory.find(digests))
  return token
}

const revoke = (store: TokenStore, id: string) =>
  store.revokeToken(id, { at: Date.now(), by: 'test', origin: 'test', cause: 'leaked' })

for (const technology of ['postgres', 'sqlite'] as const) {
  for (const redisUrl of [undefined, redis.url]) {
    const setting = `${technology}, ${redisUrl === undefined ? 'without' : 'with'} Redis`

    t.test(`a token revoked elsewhere is refused within a second (${setting})`, async (t) => {
      const elsewhere = openStore(technology)
      const { id, digests } = await issue(elsewhere)
      const replica = await startReplica(t, { store: openStore(technology), ...(redisUrl && { redisUrl }) })
      t.equal((await look(replica, digests))?.revokedAt, undefined)
      t.ok(replica.directory.recall(digests[0].value), 'held in memory')
      await revoke(elsewhere, id)
      const tookMs = await until(async () => (await look(replica, digests))?.revokedAt)
      t.ok(tookMs < 1_000, `${tookMs} ms`)

      const other = await issue(elsewhere)
      await look(replica, other.digests)
      await elsewhere.setSubjectStatus(other.subject, 'disabled', actAt(2))
      const alsoTookMs = await until(
        async () => (await look(replica, other.digests))?.subject.status === 'disabled',
      )
      t.ok(alsoTookMs < 1_000, `${alsoTookMs} ms`)
    })
  }
}

t.test('a thousand requests for one cold credential are one query', async (t) => {
  const store = openStore('postgres')
  const { digests } = await issue(store)
  const replica = await startReplica(t, { store })
  await Promise.all(Array.from({ length: 1_000 }, () => replica.directory.find(digests)))
  t.equal(replica.count('store hit'), 1)
})

for (const [how, fail, mend] of [
  ['killed', () => postgres.kill(), () => postgres.restart()],
  ['frozen', async () => postgres.freeze(), async () => postgres.thaw()],
] as const) {
  t.test(
    `with PostgreSQL ${how} known tokens go on, unknown ones are refused, until it is back`,
    async (t) => {
      const store = openStore('postgres')
      const [known, shared, unknown] = [await issue(store), await issue(store), await issue(store)]
      const neighbour = await startReplica(t, { store, redisUrl: redis.url })
      await look(neighbour, shared.digests)
      const replica = await startReplica(t, { store, redisUrl: redis.url })
      await look(replica, known.digests)

      await fail()
      t.teardown(mend)
      await until(() => replica.directory.status().feed === 'outage')
      const startedAt = performance.now()
      t.equal((await look(replica, known.digests))?.id, known.id, 'from memory')
      t.equal((await look(replica, shared.digests))?.id, shared.id, 'from Redis')
      await t.rejects(look(replica, unknown.digests), { name: 'StoreUnavailable' })
      t.ok(performance.now() - startedAt < 250, 'nobody waits')
      t.equal(replica.directory.status().canDecide, true)

      await mend()
      await until(() => replica.directory.status().feed === 'fresh')
      t.equal((await look(replica, unknown.digests))?.id, unknown.id)
      await revoke(store, known.id)
      const tookMs = await until(async () => (await look(replica, known.digests))?.revokedAt)
      t.ok(tookMs < 1_000, `${tookMs} ms`)
    },
  )
}

t.test('with PostgreSQL gone and no Redis memory lasts for the grace and no longer', async (t) => {
  const store = openStore('postgres')
  const { id, digests } = await issue(store)
  const replica = await startReplica(t, { store, outageGraceMs: 2_000 })
  await look(replica, digests)
  await postgres.kill()
  t.teardown(() => postgres.restart())
  await until(() => replica.directory.status().feed === 'outage')
  t.equal((await look(replica, digests))?.id, id)
  const lastedMs = await until(() => !replica.directory.status().canDecide)
  t.ok(lastedMs < 2_000, `${lastedMs} ms`)
  await t.rejects(look(replica, digests), { name: 'StoreUnavailable' })
})

t.test(
  'with PostgreSQL and Redis both gone nobody would tell of a revocation, and memory ends',
  async (t) => {
    const store = openStore('postgres')
    const { id, digests } = await issue(store)
    const replica = await startReplica(t, { store, redisUrl: redis.url, outageGraceMs: 60_000 })
    await look(replica, digests)
    await postgres.kill()
    t.teardown(() => Promise.all([postgres.restart(), redis.restart()]))
    await until(() => replica.directory.status().feed === 'outage')
    t.equal((await look(replica, digests))?.id, id, 'Redis would tell')
    redis.freeze()
    t.teardown(() => redis.thaw())
    const lastedMs = await until(() => !replica.directory.status().canDecide)
    t.ok(lastedMs < 2_200, `one lease: ${lastedMs} ms`)
    await t.rejects(look(replica, digests), { name: 'StoreUnavailable' })
  },
)

t.test('a gateway that starts while the store is away decides as soon as it is back', async (t) => {
  const store = openStore('postgres')
  const { id, digests } = await issue(store)
  await postgres.kill()
  const replica = await startReplica(t, { store })
  t.equal(replica.directory.status().canDecide, false)
  await t.rejects(look(replica, digests), { name: 'StoreUnavailable' })
  await postgres.restart()
  await until(() => replica.directory.status().canDecide)
  t.equal((await look(replica, digests))?.id, id)
})
