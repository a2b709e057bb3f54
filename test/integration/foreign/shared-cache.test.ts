/**
 * A proven token in Redis: sealed like every other, and worth a hash less on every replica.
 * @module
 */

import { randomBytes } from 'node:crypto'
import { Redis } from 'ioredis'
import t from 'tap'
import { systemClock } from '../../../src/lib/clock.ts'
import { newKeyRing } from '../../../src/tokens/keys/key-ring-text.ts'
import { startTestGateway } from '../../support/gateway.ts'
import { freshDatabase } from '../../support/postgres.ts'
import { recordingUpstream } from '../../support/recording-upstream.ts'
import { sharedRedisUrl } from '../../support/redis.ts'
import { until } from '../../support/until.ts'
import { misspelt } from '../../unit/formats/vectors.ts'
import { authorization, gocdToken, importLines } from './foreign-tokens.ts'

const ring = newKeyRing(systemClock).reveal()
const upstream = await recordingUpstream(t)
const url = await freshDatabase(t)
const prefix = `test-${randomBytes(6).toString('hex')}:`
const redis = new Redis(sharedRedisUrl())
t.teardown(() => redis.disconnect())

const startReplica = () =>
  startTestGateway(t, {
    upstream: upstream.url,
    keys: { ring },
    store: { postgres: { url }, rehashForeign: false },
    cache: { redis: { url: sharedRedisUrl(), prefix, timeout: '1s' } },
    routes: [{ match: { path: '/{path*}' } }],
  })

t.test('what one replica proved, the others need not', async (t) => {
  const first = await startReplica()
  await importLines(first.store, ring, [gocdToken.line])
  const ask = async (gateway: typeof first, text: string) =>
    (await gateway.request(authorization('Bearer', text))).status
  const hashes = (gateway: typeof first) =>
    gateway.metric('sallyport_foreign_hashes_total{algorithm="pbkdf2"}')
  await until(async () => (await ask(first, gocdToken.text)) === 200)
  t.equal(await ask(first, misspelt(gocdToken.text)), 401)
  await until(async () => (await redis.keys(`${prefix}token:*`)).length > 0)
  const keys = await redis.keys(`${prefix}token:*`)
  t.equal(keys.length, 1, 'what was not proven is not there')
  const sealed = (await redis.getBuffer(keys[0] ?? ''))?.toString('latin1') ?? ''
  t.notMatch(sealed, 'pipeline-admin')
  t.notMatch(keys.join(), gocdToken.text)

  const second = await startReplica()
  t.equal(await ask(second, gocdToken.text), 200)
  t.equal(await hashes(second), 0)
  t.equal(await ask(second, misspelt(gocdToken.text)), 401)
  t.equal(await hashes(second), 1)
})
