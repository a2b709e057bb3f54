/**
 * Several gateways with one key ring, PostgreSQL and Redis: a registry token of one is good at all, and ends at all of them
 * when the command that withdraws its token returns.
 * @module
 */

import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { newInstallation } from '../../support/installation.ts'
import { freshDatabase } from '../../support/postgres.ts'
import { recordingUpstream } from '../../support/recording-upstream.ts'
import { sharedRedisUrl } from '../../support/redis.ts'
import { allowed, basic, service, tokenIn } from './scene.ts'

const prefix = `test-${randomUUID()}:`
const redis = new Redis(sharedRedisUrl())
t.teardown(() => redis.disconnect())
const upstream = await recordingUpstream(t)
const installation = newInstallation(t, {
  upstream: upstream.url,
  store: { postgres: { url: await freshDatabase(t) } },
  cache: { redis: { url: sharedRedisUrl(), prefix } },
  routes: [{ name: 'registry', match: { path: '/{path*}' }, upstream: 'legacy', profile: { registry: {} } }],
})
const gateways = [await installation.serve(), await installation.serve()] as const
const path = '/v2/acme/app/manifests/v1'

async function enter(subject: string) {
  const { text, token } = await installation.issue({ ...allowed, subject })
  const query = `?service=${service}&scope=repository:acme/app:pull`
  const login = { path: `/jwt/auth${query}`, headers: [basic(subject, text)] }
  const jwt = tokenIn(await gateways[0].request(login))
  return { token, jwt }
}

function statuses(jwt: string): Promise<readonly number[]> {
  const headers = [['Authorization', `Bearer ${jwt}`]] as const
  return Promise.all(gateways.map(async (gateway) => (await gateway.request({ path, headers })).status))
}

async function endsWith(t: Test, jwt: string, ...words: readonly string[]): Promise<void> {
  t.same(await statuses(jwt), [200, 200])
  t.same(await statuses(jwt), [200, 200], 'from memory')
  const sent = upstream.requests.length
  const { code, stderr } = await installation.run(...words)
  t.equal(code, 0, stderr)
  t.same(await statuses(jwt), [401, 401])
  t.equal(upstream.requests.length, sent)
}

t.test('a registry token ends everywhere when its token is revoked', async (t) => {
  const { token, jwt } = await enter('alice')
  await endsWith(t, jwt, 'token', 'revoke', token.id)
})

t.test('and when the subject is disabled, to come back with it', async (t) => {
  const { jwt } = await enter('mallory')
  await endsWith(t, jwt, 'subject', 'disable', 'mallory')
  t.equal((await installation.run('subject', 'enable', 'mallory')).code, 0)
  t.same(await statuses(jwt), [200, 200])
})

t.test('Redis holds neither a registry token nor the id that it names', async (t) => {
  const { token, jwt } = await enter('carol')
  t.same(await statuses(jwt), [200, 200])
  const keys = await redis.keys(`${prefix}*`)
  t.ok(keys.length > 0)
  const values = await Promise.all(keys.map((key) => redis.getBuffer(key).catch(() => null)))
  const held = keys.join() + values.map((value) => value?.toString('latin1') ?? '').join()
  for (const secret of [token.id, jwt, jwt.split('.')[2] ?? '']) t.notOk(held.includes(secret))
})
