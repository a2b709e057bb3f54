/**
 * A token found by the id of its record: through the same tiers and judged alike, and never for whoever presents the id.
 * @module
 */

import t, { type Test } from 'tap'
import type { Credential } from '../../../src/authenticate/credential.ts'
import { type Address, parseAddress } from '../../../src/client-address/address.ts'
import { compileNetworks } from '../../../src/client-address/networks.ts'
import { cache } from '../../../src/config/schema/tokens.ts'
import { Secret } from '../../../src/lib/secret.ts'
import { openTokenDirectory } from '../../../src/tokens/cache/token-directory.ts'
import { KeyRing } from '../../../src/tokens/keys/key-ring.ts'
import { newKeyRing, parseRingText } from '../../../src/tokens/keys/key-ring-text.ts'
import { retireKey, rotateKey } from '../../../src/tokens/keys/rotate-key-ring.ts'
import { createResolveRecord, createResolveToken } from '../../../src/tokens/resolve-token.ts'
import { until } from '../../support/until.ts'
import { aToken, HeldStore } from '../cache/held-store.ts'

const clock = { now: () => 0 }
const material = parseRingText(newKeyRing(clock).reveal())
const rotated = rotateKey(material, clock)
const client = parseAddress('192.0.2.1') as Address

async function scene(t: Test) {
  const store = new HeldStore()
  const keyRing = {
    current: new KeyRing(material),
    refresh(): KeyRing {
      return this.current
    },
  }
  const directory = openTokenDirectory({
    store,
    settings: cache.parse({}),
    outageGraceMs: 0,
    sealer: keyRing.current,
    observer: { lookedUp: () => {} },
    log: { info: () => {}, warn: () => {} },
  })
  t.teardown(() => directory.close())
  await directory.start()
  const failed: Address[] = []
  const context = {
    directory,
    keyRing,
    importedFormats: { recognise: () => undefined },
    clock,
    failures: { screen: () => undefined, count: (from: Address) => void failed.push(from) },
    systemNetworks: compileNetworks(['10.0.0.0/8']),
    onSystemTokenOutside: () => {},
  }
  const resolve = createResolveRecord(context)
  const present = (text: string) =>
    createResolveToken(context)({ scheme: 'basic', secret: new Secret(text) } as Credential, client, {})
  return { store, directory, keyRing, failed, resolve: (id: string) => resolve(id, client), present }
}

t.test('a record is found once, and then known at once', async (t) => {
  const { store, resolve } = await scene(t)
  const token = aToken('a')
  store.add(token)
  const found = resolve('a')
  t.ok(found instanceof Promise)
  t.equal(await found, token)
  t.equal(resolve('a'), token)
  t.equal(store.finds, 1)
})

t.test('nobody gets a token by presenting its id, or what it is cached under', async (t) => {
  const { store, keyRing, resolve, present } = await scene(t)
  store.add(aToken('a'))
  await resolve('a')
  const [{ value }] = keyRing.current.recordDigests('a')
  for (const text of ['a', value, `record:a`]) t.match(await present(text), { code: 'invalid_token' }, text)
  t.not(value, keyRing.current.digest(new Secret('a')).value, 'the keys of ids are not those of texts')
})

t.test('a change of the token or of its subject drops what is known by the id', async (t) => {
  const { store, directory, resolve } = await scene(t)
  store.add(aToken('a'))
  store.add(aToken('b'))
  await Promise.all([resolve('a'), resolve('b')])
  store.revoke('a')
  store.disableSubject('subject-of-b')
  await until(async () => directory.status().version === 2)
  t.match(await resolve('a'), { code: 'invalid_token', found: { state: 'revoked' } })
  t.match(await resolve('b'), { code: 'invalid_token', found: { state: 'subject-disabled' } })
})

t.test('what is unknown or dead is no guess of the client: nothing is counted against it', async (t) => {
  const { failed, resolve } = await scene(t)
  t.match(await resolve('nobody'), { code: 'invalid_token' })
  t.same(failed, [])
})

t.test('a record goes on through a rotation, and not beyond the key that it is under', async (t) => {
  const { store, directory, keyRing, resolve } = await scene(t)
  const token = aToken('a')
  store.add(token)
  await resolve('a')
  keyRing.current = new KeyRing(rotated)
  directory.ringChanged(new Set(keyRing.current.keyIds))
  t.equal(await resolve('a'), token)
  t.equal(store.finds, 1, 'memory brought it forward')
  keyRing.current = new KeyRing(retireKey(rotated, 'k1'))
  directory.ringChanged(new Set(keyRing.current.keyIds))
  t.match(await resolve('a'), { code: 'invalid_token' })
})

t.test('the system token is judged by where it comes from here, too', async (t) => {
  const { store, resolve } = await scene(t)
  store.add({ ...aToken('s'), kind: 'system' })
  t.match(await resolve('s'), { code: 'invalid_token' })
})

t.test('a store that cannot tell is 503, and not a bad credential', async (t) => {
  const { store, resolve } = await scene(t)
  store.isDown = true
  t.match(await resolve('a'), { code: 'cannot_decide', status: 503 })
})
