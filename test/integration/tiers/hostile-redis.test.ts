/**
 * Somebody reads and writes our Redis at will: they learn nothing of a token or its owner, and whatever they put
 * there is worth no more than an empty Redis.
 * @module
 */

import { Redis } from 'ioredis'
import t from 'tap'
import { parseKeyRing } from '../../../src/tokens/keys/key-ring.ts'
import { newKeyRing } from '../../../src/tokens/keys/key-ring-text.ts'
import { newTokenText } from '../../../src/tokens/token-text.ts'
import { actAt } from '../../support/act.ts'
import type { TestGateway } from '../../support/gateway.ts'
import type { IssuedToken } from '../../support/issuer.ts'
import { freshDatabase } from '../../support/postgres.ts'
import { startRedis } from '../../support/redis.ts'
import { brokenOff, until } from '../../support/until.ts'
import { ask, codeOf, counted, newFleet } from './fleet.ts'

const server = await startRedis()
t.teardown(() => server.stop())
const attacker = new Redis(server.url)
t.teardown(() => attacker.disconnect())
const fleet = await newFleet(t, { postgresUrl: await freshDatabase(t), redisUrl: server.url })

/** Without memory every request asks Redis, so that every forgery is looked at. */
const gateway = await fleet.startReplica({ memory: { entries: 0 } })
const weak = await gateway.issue({ subject: 'mallory', access: 'read-only', scopes: ['weak'] })
const strong = await gateway.issue({
  subject: 'victoria',
  access: 'owner',
  scopes: ['admin:everything'],
  description: 'root of the realm',
})

/** The entry that the gateway itself wrote for a token. */
async function entryOf({ text }: IssuedToken): Promise<Buffer> {
  await ask(gateway, text)
  let entry: Buffer | null = null
  await until(async () => {
    entry = await attacker.getBuffer(fleet.redisKey(text))
    return entry
  })
  return entry ?? Buffer.alloc(0)
}

/** What the upstream is told of whoever presents `text` to `to`; `undefined` when it hears nothing. */
async function seenUpstream(to: TestGateway, text: string): Promise<object | undefined> {
  const sent = fleet.upstream.requests.length
  await ask(to, text)
  const request = fleet.upstream.requests[sent]
  if (request === undefined) return undefined
  const [subject, access] = ['subject', 'access'].map((name) => request.header(`x-sallyport-${name}`).join())
  return { subject, access }
}

t.test('nothing in Redis tells a token, its owner or its rights', async (t) => {
  await entryOf(weak)
  await entryOf(strong)
  const keys = await attacker.keysBuffer('*')
  t.equal(keys.length, 3, 'every key is looked at: two entries, and the roll of replicas')
  const everything = await Promise.all(
    keys.map(async (key) => [
      key,
      ...(key.includes('token:')
        ? [(await attacker.getBuffer(key)) ?? '']
        : Object.entries(await attacker.hgetall(key)).flat()),
    ]),
  )
  const dump = everything.flat().join('\n')
  const digits = strong.text.slice(4)
  const words = [
    'victoria',
    'mallory',
    'admin',
    'everything',
    'owner',
    'read-only',
    'root',
    'personal',
    'alice',
  ]
  for (const word of [...words, strong.text, digits, weak.text, strong.token.id, strong.token.subject.id]) {
    t.notOk(dump.includes(word), word)
    t.notOk(dump.includes(Buffer.from(word).toString('hex')), `${word} in hexadecimal`)
    t.notOk(dump.includes(Buffer.from(word).toString('base64url').slice(0, -2)), `${word} in base64`)
  }
})

t.test('an entry with any byte changed or cut off is not trusted', async (t) => {
  const genuine = await entryOf(weak)
  const positions = Array.from({ length: genuine.length }, (_, at) => at).filter(
    (at) => at < 40 || at % 9 === 0,
  )
  const spoilt = positions.flatMap((at) => {
    const changed = Buffer.from(genuine)
    changed[at] = (changed[at] ?? 0) ^ 1
    return at === 0 ? [changed] : [changed, genuine.subarray(0, at)]
  })
  const counts = await counted(gateway, async () => {
    for (const entry of [...spoilt, Buffer.concat([genuine, Buffer.from([0])])]) {
      await attacker.set(fleet.redisKey(weak.text), entry)
      const seen = await seenUpstream(gateway, weak.text)
      t.same(seen, { subject: 'mallory', access: 'read-only' })
    }
  })
  const tries = spoilt.length + 1
  t.same(counts, { 'memory miss': tries, 'redis rejected': tries, 'store hit': tries, query: tries })
})

const strangersRing = parseKeyRing(newKeyRing({ now: () => Date.now() }).reveal())
const clear = (text: string) => Buffer.from(text)
const forgeries: readonly (readonly [what: string, make: (strongEntry: Buffer) => Buffer | string])[] = [
  ["a stronger token's entry", (entry) => entry],
  [
    "a stronger token's entry, opened and sealed anew by a stranger with a key of the same name",
    (entry) => {
      const plaintext = fleet.keyRing.open(entry, fleet.redisKey(strong.text)) ?? ''
      return strangersRing.seal(plaintext, fleet.redisKey(weak.text))
    },
  ],
  [
    "a stronger token's entry in clear",
    (entry) => fleet.keyRing.open(entry, fleet.redisKey(strong.text)) ?? '',
  ],
  ['one byte more than may be read', () => Buffer.alloc(65_537, 1)],
  ['eight mebibytes', () => Buffer.alloc(8_388_608, 1)],
  ['an empty object', () => clear('{}')],
  ['a version and nothing else', () => Buffer.from([1])],
  ['a key id longer than the entry', () => Buffer.from([1, 255, 107, 49])],
]
for (const [what, make] of forgeries) {
  t.test(`${what} lends nothing to the token that it is put under`, async (t) => {
    const forged = make(await entryOf(strong))
    const unknown = newTokenText('personal').reveal()
    await attacker.mset(fleet.redisKey(weak.text), forged, fleet.redisKey(unknown), forged)
    let seen: unknown
    const counts = await counted(gateway, async () => {
      seen = await seenUpstream(gateway, weak.text)
    })
    t.same(seen, { subject: 'mallory', access: 'read-only' })
    t.same(counts, { 'memory miss': 1, 'redis rejected': 1, 'store hit': 1, query: 1 })
    const sent = fleet.upstream.requests.length
    t.equal(codeOf(await ask(gateway, unknown)), 'invalid_token')
    t.equal(fleet.upstream.requests.length, sent)
  })
}

t.test('keys of another type are passed over', async (t) => {
  await attacker.del(fleet.redisKey(weak.text))
  await attacker.lpush(fleet.redisKey(weak.text), await entryOf(strong))
  t.same(await seenUpstream(gateway, weak.text), { subject: 'mallory', access: 'read-only' })
  await attacker.del(fleet.redisKey(weak.text))
})

t.test('an entry from before a revocation, put back and kept for ever, readmits nobody', async (t) => {
  const victim = await gateway.issue()
  const before = await entryOf(victim)
  await gateway.store.revokeToken(victim.token.id, {
    at: Date.now(),
    by: 'test',
    origin: 'test',
    cause: 'leaked',
  })
  await until(async () => (await ask(gateway, victim.text).catch(brokenOff)).status === 401)
  const sent = fleet.upstream.requests.length
  for (const [what, replica] of [
    ['here', gateway],
    ['on a replica that started later', await fleet.startReplica()],
  ] as const) {
    await attacker.set(fleet.redisKey(victim.text), before)
    t.equal(codeOf(await ask(replica, victim.text)), 'invalid_token', what)
  }
  t.equal(fleet.upstream.requests.length, sent)
})

t.test('an entry from before its subject was disabled readmits nobody', async (t) => {
  const victim = await gateway.issue({ subject: 'trent' })
  const before = await entryOf(victim)
  await gateway.store.setSubjectStatus('trent', 'disabled', actAt(1))
  await until(async () => (await ask(gateway, victim.text).catch(brokenOff)).status === 401)
  await attacker.set(fleet.redisKey(victim.text), before)
  t.equal(codeOf(await ask(gateway, victim.text)), 'invalid_token')
})
