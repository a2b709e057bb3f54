/**
 * Somebody sits at redis-cli and makes entries of the cache: out of nothing, out of other entries, out of old ones. The
 * guarantee: no command on Redis grants anything. Whatever it does to an entry, the store decides, once, and the
 * gateway goes on.
 * @module
 */

import { randomBytes } from 'node:crypto'
import t from 'tap'
import { parseKeyRing } from '../../../src/tokens/keys/key-ring.ts'
import { newKeyRing } from '../../../src/tokens/keys/key-ring-text.ts'
import { newTokenText } from '../../../src/tokens/token-text.ts'
import { actAt } from '../../support/act.ts'
import type { IssuedToken } from '../../support/issuer.ts'
import { freshDatabase } from '../../support/postgres.ts'
import { startRedis } from '../../support/redis.ts'
import { redisCli } from '../../support/redis-cli.ts'
import { brokenOff, until } from '../../support/until.ts'
import { ask, codeOf, counted, newFleet } from './fleet.ts'

const redis = await startRedis()
t.teardown(() => redis.stop())
const fleet = await newFleet(t, { postgresUrl: await freshDatabase(t), redisUrl: redis.url })
/** Without memory every request asks Redis. */
const gateway = await fleet.startReplica({ memory: { entries: 0 } })
const weak = await gateway.issue({ subject: 'mallory', access: 'read-only' })
const strong = await gateway.issue({ subject: 'victoria', access: 'owner' })
const keyOf = ({ text }: Pick<IssuedToken, 'text'>) => fleet.redisKey(text)
const cli = (...words: readonly string[]) => redisCli(redis.url, words)
const set = (key: string, bytes: Buffer) => redisCli(redis.url, ['SET', key], bytes)

/** The bytes of an entry; redis-cli ends them with a line feed. */
async function bytesUnder(key: string): Promise<Buffer> {
  return (await cli('--raw', 'GETRANGE', key, '0', '-1')).subarray(0, -1)
}

/** Makes the gateway write the entry of a token anew. */
async function freshEntry(token: IssuedToken): Promise<void> {
  await cli('DEL', keyOf(token))
  await ask(gateway, token.text)
  await until(async () => (await bytesUnder(keyOf(token))).length > 0)
}

type Forge = (victim: IssuedToken, unknownKey: string) => Promise<unknown>

/** Puts bytes made from the genuine entry of the victim in its place, and under the key of a token that is none. */
function altered(alter: (genuine: Buffer) => Buffer): Forge {
  return async (victim, unknownKey) => {
    const forged = alter(await bytesUnder(keyOf(victim)))
    await set(keyOf(victim), forged)
    await set(unknownKey, forged)
  }
}

function flipped(place: (length: number) => number): Forge {
  return altered((genuine) => {
    const at = place(genuine.length)
    genuine[at] = (genuine[at] ?? 0) ^ 0x80
    return genuine
  })
}

const strangersRing = parseKeyRing(newKeyRing({ now: () => Date.now() }).reveal())

const forgeries: Readonly<Record<string, Forge>> = {
  'SET to random bytes': altered((genuine) => randomBytes(genuine.length)),
  'SET to random bytes behind a genuine head': altered((genuine) =>
    Buffer.concat([genuine.subarray(0, 32), randomBytes(genuine.length - 32)]),
  ),
  'SET to its JSON in clear': altered(() => Buffer.from(JSON.stringify({ token: strong.token, version: 1 }))),
  'COPY from the key of a stronger token': async (victim, unknownKey) => {
    for (const key of [keyOf(victim), unknownKey]) await cli('COPY', keyOf(strong), key, 'REPLACE')
  },
  'RENAME of the entry of a stronger token': async (victim, unknownKey) => {
    await cli('COPY', keyOf(strong), unknownKey)
    await cli('RENAME', keyOf(strong), keyOf(victim))
  },
  'SET to an entry made with another key ring': async (victim, unknownKey) => {
    const plaintext = fleet.keyRing.open(await bytesUnder(keyOf(strong)), keyOf(strong)) ?? ''
    for (const key of [keyOf(victim), unknownKey]) await set(key, strangersRing.seal(plaintext, key))
  },
  'SETRANGE in its middle': async (victim, unknownKey) => {
    await cli('COPY', keyOf(victim), unknownKey)
    for (const key of [keyOf(victim), unknownKey]) await cli('SETRANGE', key, '40', 'x'.repeat(16))
  },
  'APPEND of one byte': async (victim, unknownKey) => {
    await cli('COPY', keyOf(victim), unknownKey)
    for (const key of [keyOf(victim), unknownKey]) await cli('APPEND', key, '0')
  },
  'SET to its first byte': altered((genuine) => genuine.subarray(0, 1)),
  'SET to its first half': altered((genuine) => genuine.subarray(0, genuine.length / 2)),
  'SET to all but its last byte': altered((genuine) => genuine.subarray(0, -1)),
  'SET with its first bit flipped': flipped(() => 0),
  'SET with a bit of the key id flipped': flipped(() => 2),
  'SET with a bit of the nonce flipped': flipped(() => 8),
  'SET with a bit of the text flipped': flipped((length) => Math.floor(length / 2)),
  'SET with the last bit of the seal flipped': flipped((length) => length - 1),
}

for (const [what, forge] of Object.entries(forgeries)) {
  t.test(`an entry that was ${what} grants nothing; the store decides`, async (t) => {
    await freshEntry(weak)
    await freshEntry(strong)
    const unknown = newTokenText('personal').reveal()
    await forge(weak, fleet.redisKey(unknown))
    const sent = fleet.upstream.requests.length
    const forMallory = await counted(gateway, () => ask(gateway, weak.text))
    t.same(forMallory, { 'memory miss': 1, 'redis rejected': 1, 'store hit': 1, query: 1 })
    let code: string | undefined
    const forNobody = await counted(gateway, async () => {
      code = codeOf(await ask(gateway, unknown))
    })
    t.equal(code, 'invalid_token')
    t.same(forNobody, { 'memory miss': 1, 'redis rejected': 1, 'store absent': 1, query: 1 })
    const told = fleet.upstream.requests
      .slice(sent)
      .map((request) => ['subject', 'access'].flatMap((name) => request.header(`x-sallyport-${name}`)))
    t.same(told, [['mallory', 'read-only']], 'the upstream is told of the owner, and of nobody else')
    await until(async () => (await counted(gateway, () => ask(gateway, weak.text)))['redis hit'])
  })
}

for (const [what, withdraw] of [
  ['revoked', (store, { token }) => store.revokeToken(token.id, actAt(Date.now()))],
  [
    'disabled',
    (store, { token }) => store.setSubjectStatus(token.subject.name, 'disabled', actAt(Date.now())),
  ],
] as const satisfies readonly (readonly [
  string,
  (store: typeof gateway.store, victim: IssuedToken) => Promise<unknown>,
])[]) {
  t.test(
    `an entry from before its token was ${what}, kept and put back by COPY, readmits nobody`,
    async (t) => {
      const victim = await gateway.issue({ subject: `victim-${what}` })
      await freshEntry(victim)
      await cli('COPY', keyOf(victim), 'kept', 'REPLACE')
      await cli('PERSIST', 'kept')
      await withdraw(gateway.store, victim)
      await until(async () => (await ask(gateway, victim.text).catch(brokenOff)).status === 401)
      const newcomer = await fleet.startReplica()
      const sent = fleet.upstream.requests.length
      for (const replica of [gateway, newcomer]) {
        await cli('COPY', 'kept', keyOf(victim), 'REPLACE')
        const counts = await counted(replica, async () => {
          t.equal(codeOf(await ask(replica, victim.text)), 'invalid_token')
        })
        t.same(counts, { 'memory miss': 1, 'redis miss': 1, 'store hit': 1, query: 1 })
      }
      t.equal(fleet.upstream.requests.length, sent)
    },
  )
}

t.test(
  'a storm of forgeries ends no connection, opens no breaker and leaves the gateway ready',
  async (t) => {
    const forged = randomBytes(4_096)
    const texts = Array.from({ length: 200 }, () => newTokenText('personal').reveal())
    const args = texts.flatMap((text) => [fleet.redisKey(text), forged.toString('base64')])
    await cli('MSET', ...args)
    const counts = await counted(gateway, async () => {
      const codes = await Promise.all(texts.map(async (text) => codeOf(await ask(gateway, text))))
      t.same(new Set(codes), new Set(['invalid_token']))
    })
    t.same(counts, { 'memory miss': 200, 'redis rejected': 200, 'store absent': 200, query: 200 })
    t.same(await counted(gateway, () => ask(gateway, strong.text)), { 'memory miss': 1, 'redis hit': 1 })
    t.equal(gateway.log.filter(({ level }) => level === 'error').length, 0)
  },
)
