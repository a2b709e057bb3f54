/**
 * Two gateways that share a Redis: together they keep a limit, exactly or within what they may not know of each other
 * yet; without Redis each counts on for itself, and afterwards nothing that was counted is lost.
 * @module
 */

import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { systemClock } from '../../../src/lib/clock.ts'
import { newKeyRing } from '../../../src/tokens/keys/key-ring-text.ts'
import { type GatewayInput, startTestGateway, type TestGateway } from '../../support/gateway.ts'
import type { Server } from '../../support/private-server.ts'
import { recordingUpstream } from '../../support/recording-upstream.ts'
import { startRedis } from '../../support/redis.ts'
import { redisCli } from '../../support/redis-cli.ts'
import { until } from '../../support/until.ts'
import { parseItems } from '../../unit/limits/parse-items.ts'

const alone = 'sallyport_limits_counted_alone'

/** A window of a day that does not end, and one record for both. */
async function start(t: Test, redis: Server, limits: GatewayInput['limits']) {
  const upstream = await recordingUpstream(t)
  const folder = t.testdir({})
  const at = systemClock.now()
  const input: GatewayInput = {
    upstream: upstream.url,
    keys: { ring: newKeyRing(systemClock).reveal() },
    store: { sqlite: { path: join(folder, 'tokens.db') } },
    cache: { redis: { url: redis.url, timeout: '1s' } },
    limits: limits ?? {},
    authentication: {},
    routes: [{ name: 'api', match: { path: '/{rest*}' }, limits: Object.keys(limits ?? {}) }],
  }
  const one = await startTestGateway(t, input, { now: () => at })
  const other = await startTestGateway(t, input, { now: () => at })
  const { text } = await one.issue()
  const send = (gateway: TestGateway) => gateway.request({ headers: [['Authorization', `Bearer ${text}`]] })
  /** Sends so many to each at once, and counts those that were let through. */
  const sendToBoth = async (count: number) => {
    const answers = await Promise.all(
      [one, other].flatMap((gateway) => Array.from({ length: count }, () => send(gateway))),
    )
    return answers.filter(({ status }) => status === 200).length
  }
  const remaining = async (gateway: TestGateway) => {
    const [field = ''] = (await send(gateway)).header('ratelimit')
    return parseItems(field)[0]?.parameters.get('r') ?? Number.NaN
  }
  return { one, other, upstream, send, sendToBoth, remaining }
}

/** What all have counted, as Redis has it. */
async function totalIn(redis: Server): Promise<number> {
  const run = async (...words: string[]) => (await redisCli(redis.url, words)).toString().trim()
  const keys = (await run('KEYS', 'sallyport:{limits:*')).split('\n').filter(Boolean)
  const totals = await Promise.all(keys.map((key) => run('HGET', key, 'total')))
  return totals.reduce((sum, total) => sum + Number(total), 0)
}

async function privateRedis(t: Test): Promise<Server> {
  const redis = await startRedis()
  t.teardown(() => redis.stop())
  return redis
}

const daily = { by: 'token', requests: 40, per: '24d' } as const

t.test('exact: both together admit precisely the limit, however fast requests come', async (t) => {
  const { upstream, sendToBoth } = await start(t, await privateRedis(t), { daily: { ...daily, exact: true } })
  t.equal(await sendToBoth(40), 40)
  t.equal(await sendToBoth(5), 0)
  t.equal(upstream.requests.length, 40)
})

t.test('otherwise each admits at most what it had left when it last heard', async (t) => {
  const redis = await privateRedis(t)
  const { one, other, sendToBoth, remaining } = await start(t, redis, { daily })
  t.equal(await sendToBoth(15), 30, 'within the limit nobody is refused')
  await until(async () => (await totalIn(redis)) === 30)
  await remaining(one)
  await remaining(other)
  await until(async () => (await totalIn(redis)) === 32)
  t.ok((await remaining(one)) <= 8, 'it has heard of the other')
  t.ok((await remaining(other)) <= 8)
  await until(async () => (await totalIn(redis)) === 34)
  const more = await sendToBoth(40)
  t.ok(more >= 6 && more <= 2 * 8, `${more} more were let through at once`)
  await until(async () => (await sendToBoth(1)) === 0)
})

t.test('a burst to both at once admits no more than the limit for each', async (t) => {
  const { upstream, sendToBoth } = await start(t, await privateRedis(t), { daily })
  const admitted = await sendToBoth(100)
  t.ok(admitted >= 40 && admitted <= 80, `${admitted} were let through`)
  t.equal(upstream.requests.length, admitted)
})

t.test('failures at one gateway bound the look-ups of the other', async (t) => {
  const { one, other } = await start(t, await privateRedis(t), { daily })
  const bad = (gateway: TestGateway) => gateway.request({ headers: [['Authorization', 'Bearer guess']] })
  for (let sent = 0; sent < 20; sent++) t.equal((await bad(one)).status, 401)
  // It hears with its next rounds; so few failures of its own do not bring it there.
  let answer = await bad(other)
  for (let round = 0; round < 10 && answer.status !== 429; round++) {
    await sleep(200)
    answer = await bad(other)
  }
  t.equal(answer.status, 429)
  const counted = await other.metric('sallyport_exchanges_total{route="api",outcome="invalid_token"}')
  t.ok(counted < 20, `it let ${counted} of its own fail`)
})

for (const exact of [false, true]) {
  const kind = exact ? 'an exact limit' : 'a limit'
  t.test(`Redis killed midway: ${kind} is counted by each, and made one again afterwards`, async (t) => {
    const redis = await privateRedis(t)
    const limits = { daily: { ...daily, requests: 1_000, exact } }
    const { one, other, remaining, sendToBoth } = await start(t, redis, limits)
    t.equal(await sendToBoth(10), 20)
    await until(async () => (await totalIn(redis)) === 20)
    await redis.kill()
    await until(async () => (await one.metric(alone)) === 1 && (await other.metric(alone)) === 1)
    t.equal(await sendToBoth(30), 60, 'nobody is refused')
    for (const gateway of [one, other]) {
      const left = await remaining(gateway)
      t.ok(left >= 1_000 - 20 - 31 && left <= 1_000 - 10 - 31, `${left} are left`)
    }

    await redis.restart()
    await until(async () => (await one.metric(alone)) === 0 && (await other.metric(alone)) === 0)
    let counted = 20 + 62
    // What Redis has forgotten, the two tell it again; what one of them had not heard of may be lost.
    await until(async () => {
      await sendToBoth(1)
      counted += 2
      return (await totalIn(redis)) >= counted - 20
    })
    await until(async () => (await totalIn(redis)) <= counted)
    // It hears with its next rounds; so few requests more do not bring it there by themselves.
    let left = await remaining(one)
    for (let round = 0; round < 5 && left > 1_000 - 62; round++) {
      await sleep(200)
      left = await remaining(one)
    }
    t.ok(left <= 1_000 - 62, `it knows of what the other counted meanwhile: ${left} are left`)
  })
}

t.test('a limit holds without Redis, too: nobody is let through beyond it', async (t) => {
  const redis = await privateRedis(t)
  const { one, other, sendToBoth } = await start(t, redis, { daily: { ...daily, exact: true } })
  await redis.kill()
  await until(async () => (await one.metric(alone)) === 1 && (await other.metric(alone)) === 1)
  t.equal(await sendToBoth(100), 80, 'each admits the limit, and no more')
})

t.test('what is in Redis names nobody, and ends', async (t) => {
  const redis = await privateRedis(t)
  const limits = { daily: { by: ['token', 'address'] as ('token' | 'address')[], requests: 5, per: '1h' } }
  const { one, send } = await start(t, redis, limits)
  const answer = await send(one)
  t.equal(answer.status, 200)
  const run = async (...words: string[]) => (await redisCli(redis.url, words)).toString().trim()
  let keys: string[] = []
  await until(async () => {
    keys = (await run('KEYS', 'sallyport:{limits:*')).split('\n').filter(Boolean)
    return keys.length > 0
  })
  for (const key of keys) {
    t.match(key, /^sallyport:\{limits:\d+\}:[\w-]{43}$/)
    const ttlMs = Number(await run('PTTL', key))
    t.ok(ttlMs > 0 && ttlMs <= 3_660_000, `${ttlMs} ms`)
    t.match(await run('HGETALL', key), /^total\n1\n[0-9a-f-]{36}\n\d+$/)
  }
})
