/**
 * On PostgreSQL with Redis, a command withdraws a token from every gateway within a second, although its entry is
 * still in Redis.
 * @module
 */

import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import t from 'tap'
import { newInstallation } from '../../support/installation.ts'
import { freshDatabase } from '../../support/postgres.ts'
import { recordingUpstream } from '../../support/recording-upstream.ts'
import { sharedRedisUrl } from '../../support/redis.ts'
import { revokeTokens, switchSubject, trials } from './withdrawal.ts'

const prefix = `test-${randomUUID()}:`
const redis = new Redis(sharedRedisUrl())
t.teardown(() => redis.disconnect())
const upstream = await recordingUpstream(t)
const installation = newInstallation(t, {
  upstream: upstream.url,
  store: { postgres: { url: await freshDatabase(t) } },
  cache: { redis: { url: sharedRedisUrl(), prefix } },
})
const gateways = [await installation.serve(), await installation.serve()]
const scene = { installation, upstream, gateways }

t.test('a token revoked by a command is refused by two gateways within a second, and for good', async (t) => {
  await revokeTokens(t, scene)
  t.equal((await redis.keys(`${prefix}token:*`)).length, trials, 'the entries are still there')
})
t.test('the tokens of a subject follow «disable» and «enable» on both within a second', (t) =>
  switchSubject(t, scene),
)
