/**
 * Two replicas that share one file of a key ring, through a whole change of keys under load: nobody is refused who is
 * in the right, nobody comes in who is not, and nothing is restarted.
 * @module
 */

import { randomBytes } from 'node:crypto'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { systemClock } from '../../../src/lib/clock.ts'
import { changeKeyRing, writeKeyRing } from '../../../src/tokens/keys/key-ring-file.ts'
import { newKeyRing, type RingMaterial } from '../../../src/tokens/keys/key-ring-text.ts'
import { retireKey, rotateKey, stageKey } from '../../../src/tokens/keys/rotate-key-ring.ts'
import { actAt } from '../../support/act.ts'
import { startTestGateway, type TestGateway } from '../../support/gateway.ts'
import { type IssuedToken, newIssuer } from '../../support/issuer.ts'
import { freshDatabase } from '../../support/postgres.ts'
import { recordingUpstream } from '../../support/recording-upstream.ts'
import { sharedRedisUrl } from '../../support/redis.ts'
import { until } from '../../support/until.ts'
import { ask } from './fleet.ts'

const upstream = await recordingUpstream(t)
const identityHeaders = { 'x-sallyport-token-id': 'token-id' } as const

async function twoReplicas(t: Test) {
  const file = join(t.testdir(), 'keys.json')
  writeKeyRing(file, newKeyRing(systemClock))
  const url = await freshDatabase(t)
  const prefix = `test-${randomBytes(6).toString('hex')}:`
  const start = () =>
    startTestGateway(t, {
      upstream: upstream.url,
      routes: [{ match: { path: '/{path*}' }, identityHeaders }],
      keys: { file },
      store: { postgres: { url } },
      cache: { redis: { url: sharedRedisUrl(), prefix, timeout: '1s' } },
    })
  const [one, other] = [await start(), await start()]
  return {
    file,
    replicas: [one, other] as const,
    /** As a command would that begins now: with the ring that is in the file. */
    issue: () => newIssuer(one.store, readFileSync(file, 'utf8'), systemClock)(),
    change: (step: (ring: RingMaterial) => RingMaterial) => changeKeyRing(file, step),
    revoke: ({ token }: IssuedToken) => one.store.revokeToken(token.id, actAt(Date.now())),
  }
}

const statusAt = async (gateway: TestGateway, { text }: IssuedToken) => (await ask(gateway, text)).status
/** Whether it has said that these keys are in force, the current one first. */
const has =
  (gateway: TestGateway, ...keys: readonly string[]) =>
  () =>
    String(gateway.log.findLast((line) => Array.isArray(line.keys))?.keys) === String(keys)

/** Asks both replicas for one token after the other until it is stopped; counts each status. */
function load(replicas: readonly TestGateway[], tokens: readonly IssuedToken[]) {
  const statuses = new Map<number, number>()
  let isOver = false
  const loop = async (gateway: TestGateway) => {
    for (let turn = 0; !isOver; turn++) {
      const token = tokens[turn % tokens.length]
      if (token === undefined) throw new Error('no token to ask for')
      const status = await statusAt(gateway, token)
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
  }
  const loops = replicas.flatMap((gateway) => [loop(gateway), loop(gateway)])
  return {
    async stop() {
      isOver = true
      await Promise.all(loops)
      return statuses
    },
  }
}

t.test('a rotation of keys refuses nobody, at no step, on no replica', async (t) => {
  const { file, replicas, issue, change, revoke } = await twoReplicas(t)
  const [one, other] = replicas
  const old = [await issue(), await issue(), await issue()]
  const revoked = await issue()
  for (const gateway of replicas) t.equal(await statusAt(gateway, revoked), 200)
  await revoke(revoked)
  await until(async () => (await statusAt(one, revoked)) === 401 && (await statusAt(other, revoked)) === 401)
  const running = load(replicas, old)

  change((ring) => stageKey(ring, systemClock))
  t.equal(await statusAt(one, revoked), 401)
  change((ring) => rotateKey(ring, systemClock))
  // Nobody waits for a replica to follow: the tokens of the new key come at once.
  const fresh: IssuedToken[] = []
  for (let turn = 0; turn < 10; turn++) {
    const token = await issue()
    fresh.push(token)
    for (const gateway of replicas) t.equal(await statusAt(gateway, token), 200)
    t.equal(await statusAt(replicas[turn % 2] ?? one, revoked), 401)
  }
  for (const gateway of replicas) await until(has(gateway, 'k2', 'k1'))
  for (const gateway of replicas) t.equal(await statusAt(gateway, revoked), 401)
  await sleep(100)
  const statuses = await running.stop()
  t.same([...statuses.keys()], [200], `${statuses.get(200)} requests`)

  // What was revoked after the rotation is dropped wherever the rotation has put it.
  for (const token of old) await revoke(token)
  for (const gateway of replicas) {
    for (const token of old) await until(async () => (await statusAt(gateway, token)) === 401)
  }
  t.equal(await one.metric('sallyport_key_ring_key{key="k2"}'), 1)
  const after = load(replicas, fresh)
  change((ring) => retireKey(ring, 'k1'))
  for (const gateway of replicas) await until(has(gateway, 'k2'))
  await sleep(100)
  t.same([...(await after.stop()).keys()], [200])
  for (const gateway of replicas) {
    for (const token of [...old, revoked]) t.equal(await statusAt(gateway, token), 401)
  }
  t.notMatch(JSON.stringify(one.log), JSON.parse(readFileSync(file, 'utf8')).keys[0].secret)
})

t.test('without a staged key, too, a token of the new key is known at once', async (t) => {
  const { replicas, issue, change } = await twoReplicas(t)
  for (let turn = 0; turn < 3; turn++) {
    change((ring) => rotateKey(ring, systemClock))
    const token = await issue()
    const statuses = await Promise.all(replicas.map((gateway) => statusAt(gateway, token)))
    t.same(statuses, [200, 200])
  }
})

t.test(
  'an entry in Redis that the former key sealed is opened, by a replica with an empty memory',
  async (t) => {
    const { replicas, issue, change } = await twoReplicas(t)
    const [one, other] = replicas
    const token = await issue()
    t.equal(await statusAt(one, token), 200)
    change((ring) => rotateKey(ring, systemClock))
    for (const gateway of replicas) await until(has(gateway, 'k2', 'k1'))
    t.equal(await statusAt(other, token), 200)
    t.equal(await other.metric('sallyport_token_lookups_total{tier="redis",result="hit"}'), 1)
    t.equal(await other.metric('sallyport_store_queries_total{operation="find"}'), 0)
    t.equal(upstream.requests.at(-1)?.header('x-sallyport-token-id')[0], token.token.id)
  },
)

t.test('a key that is taken away under its tokens ends them everywhere, from every tier', async (t) => {
  const { file, replicas, issue, change } = await twoReplicas(t)
  const token = await issue()
  change((ring) => rotateKey(ring, systemClock))
  for (const gateway of replicas) await until(has(gateway, 'k2', 'k1'))
  for (const gateway of replicas) t.equal(await statusAt(gateway, token), 200, 'cached under the new key')
  const whole = readFileSync(file)
  change((ring) => retireKey(ring, 'k1'))
  for (const gateway of replicas) await until(async () => (await statusAt(gateway, token)) === 401)
  for (const gateway of replicas) t.equal(await statusAt(gateway, token), 401)
  writeFileSync(`${file}.next`, whole, { mode: 0o600 })
  renameSync(`${file}.next`, file)
  for (const gateway of replicas) t.equal(await statusAt(gateway, token), 200, 'the key is back')
})

t.test('a broken file is told of, and changes nothing', async (t) => {
  const { file, replicas, issue } = await twoReplicas(t)
  const [one] = replicas
  const token = await issue()
  const good = readFileSync(file)
  const checksOf = async () => {
    const { body, status } = await fetchReady(one)
    return { status, keys: body.checks.keys }
  }
  t.same(await checksOf(), { status: 200, keys: 'ok' })
  writeFileSync(file, '{')
  await until(async () => (await one.metric('sallyport_key_ring_outdated')) === 1)
  t.same(await checksOf(), { status: 200, keys: 'degraded' })
  t.equal(await statusAt(one, token), 200)
  writeFileSync(file, good)
  await until(async () => (await one.metric('sallyport_key_ring_outdated')) === 0)
  t.same(await checksOf(), { status: 200, keys: 'ok' })
})

async function fetchReady({ adminPort }: TestGateway) {
  const response = await fetch(`http://127.0.0.1:${adminPort}/readyz`)
  return {
    status: response.status,
    body: (await response.json()) as { checks: Record<string, string> },
  }
}
