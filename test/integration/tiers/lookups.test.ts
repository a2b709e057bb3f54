/**
 * What a request costs: a known token nothing, a token that another replica knows one read of Redis, a new one a
 * single query however many ask at once. Nothing that a client sends makes it more.
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import t from 'tap'
import { newTokenText } from '../../../src/tokens/token-text.ts'
import { freshDatabase } from '../../support/postgres.ts'
import { sharedRedisUrl } from '../../support/redis.ts'
import { until } from '../../support/until.ts'
import { ask, bearer, codeOf, counted, newFleet } from './fleet.ts'

const fleet = await newFleet(t, { postgresUrl: await freshDatabase(t), redisUrl: sharedRedisUrl() })
const redis = new Redis(sharedRedisUrl())
t.teardown(() => redis.disconnect())

const fromStore = { 'memory miss': 1, 'redis miss': 1, 'store hit': 1, query: 1 }
const fromRedis = { 'memory miss': 1, 'redis hit': 1 }
const fromMemory = { 'memory hit': 1 }
const unknownToAll = { 'memory miss': 1, 'redis miss': 1, 'store absent': 1, query: 1 }

t.test(
  'a token is read from the store once, from Redis by every other replica, then from memory',
  async (t) => {
    const first = await fleet.startReplica()
    const second = await fleet.startReplica()
    const { text, token } = await first.issue()
    t.same(await counted(first, () => ask(first, text)), fromStore)
    t.same(await counted(first, () => ask(first, text)), fromMemory)
    await until(() => redis.exists(fleet.redisKey(text)))
    t.same(await counted(second, () => ask(second, text)), fromRedis)
    t.same(await counted(second, () => ask(second, text)), fromMemory)

    await first.close()
    const restarted = await fleet.startReplica()
    t.same(await counted(restarted, () => ask(restarted, text)), fromRedis)
    t.same(
      fleet.upstream.requests.map((request) => request.header('x-sallyport-token-id')),
      Array.from({ length: 5 }, () => [token.id]),
      'the upstream is told the same, whichever tier knew',
    )
  },
)

t.test('an unknown token is remembered in memory alone, and only briefly', async (t) => {
  const gateway = await fleet.startReplica({ memory: { absentTtl: '300ms' } })
  const unknown = newTokenText('personal').reveal()
  const sent = fleet.upstream.requests.length
  t.same(await counted(gateway, () => ask(gateway, unknown)), unknownToAll)
  t.same(await counted(gateway, () => ask(gateway, unknown)), { 'memory absent': 1 })
  t.equal(await redis.exists(fleet.redisKey(unknown)), 0)
  await sleep(300)
  t.same(await counted(gateway, () => ask(gateway, unknown)), unknownToAll)
  t.equal(codeOf(await ask(gateway, unknown)), 'invalid_token')
  t.equal(fleet.upstream.requests.length, sent)
})

t.test('a spray of unknown tokens fills no more memory than it was given', async (t) => {
  const gateway = await fleet.startReplica({ memory: { absentTtl: '1h', absentEntries: 50 } })
  const { text } = await gateway.issue()
  await ask(gateway, text)
  const spray = Array.from({ length: 60 }, () => newTokenText('personal').reveal())
  for (const unknown of spray) t.equal((await ask(gateway, unknown)).status, 401)
  t.same(await counted(gateway, () => ask(gateway, spray[59] ?? '')), { 'memory absent': 1 })
  t.same(await counted(gateway, () => ask(gateway, spray[0] ?? '')), unknownToAll, 'the oldest made room')
  t.same(await counted(gateway, () => ask(gateway, text)), fromMemory, 'known tokens keep theirs')
})

t.test('a text that cannot be a token is refused without asking any tier', async (t) => {
  const gateway = await fleet.startReplica()
  const wellFormed = newTokenText('personal').reveal()
  const texts = [
    [401, 'a checksum that does not fit', wellFormed.replace(/.$/, (last) => (last === 'x' ? 'y' : 'x'))],
    [401, 'a kind that does not exist', wellFormed.replace(/^spp/, 'spz')],
    [401, 'a text that is no token', 'letmein'],
    [400, 'a text as long as headers may be', 'a'.repeat(20_000)],
  ] as const
  const sent = fleet.upstream.requests.length
  for (const [expected, what, text] of texts) {
    let status = 0
    const counts = await counted(gateway, async () => {
      status = (await ask(gateway, text)).status
    })
    t.same({ status, counts }, { status: expected, counts: {} }, what)
  }
  t.equal(fleet.upstream.requests.length, sent)
})

t.test('a request that is not acceptable is refused before its token is looked up', async (t) => {
  const gateway = await fleet.startReplica()
  const { text } = await gateway.issue()
  const head = `Host: gateway\r\nAuthorization: Bearer ${text}\r\n`
  const requests = [
    [431, `GET / HTTP/1.1\r\n${head}${'X-Filler: 1\r\n'.repeat(100)}\r\n`],
    [431, `GET / HTTP/1.1\r\n${head}X-Filler: ${'x'.repeat(40_000)}\r\n\r\n`],
    [400, `GET /${'x'.repeat(9_000)} HTTP/1.1\r\n${head}\r\n`],
    [400, `GET /a/../b HTTP/1.1\r\n${head}\r\n`],
    [400, `GET / HTTP/1.1\r\nHost: other\r\n${head}\r\n`],
    [400, `GET / HTTP/1.1\r\nAuthorization: Bearer ${text}\r\n\r\n`],
    [400, `GET / HTTP/1.1\r\n${head}Authorization: Bearer ${text}\r\n\r\n`],
    [400, `POST / HTTP/1.1\r\n${head}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`],
    [501, `TRACE / HTTP/1.1\r\n${head}\r\n`],
  ] as const
  const sent = fleet.upstream.requests.length
  for (const [expected, bytes] of requests) {
    let status = 0
    const counts = await counted(gateway, async () => {
      status = (await gateway.raw(bytes)).status
    })
    const what = JSON.stringify(bytes.replaceAll(text, 'TOKEN').slice(0, 100))
    t.same({ status, counts }, { status: expected, counts: {} }, what)
  }
  t.equal(fleet.upstream.requests.length, sent)
  t.same(await counted(gateway, () => ask(gateway, text)), fromStore, 'the token itself is good')
})

t.test('no header of a client makes the gateway ask again for what it knows', async (t) => {
  const gateway = await fleet.startReplica()
  const { text } = await gateway.issue()
  await ask(gateway, text)
  const headers = [
    ['Cache-Control', 'no-cache, no-store, max-age=0'],
    ['Pragma', 'no-cache'],
    ['If-None-Match', '*'],
    ['If-Modified-Since', 'Thu, 01 Jan 1970 00:00:00 GMT'],
    ['Vary', '*'],
    ['X-Forwarded-For', '192.0.2.1'],
  ] as const
  for (const header of headers) {
    const request = () => gateway.request({ headers: [bearer(text), header] })
    t.same(await counted(gateway, request), fromMemory, header.join(': '))
    t.same(await counted(gateway, () => ask(gateway, text)), fromMemory)
  }
})
