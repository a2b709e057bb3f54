/**
 * Resolving credentials while the key ring is exchanged: a connection that stays open, and a token that is younger
 * than the ring that the process has read.
 * @module
 */

import t from 'tap'
import type { Credential } from '../../../src/authenticate/credential.ts'
import { type Address, parseAddress } from '../../../src/client-address/address.ts'
import { compileNetworks } from '../../../src/client-address/networks.ts'
import { Secret } from '../../../src/lib/secret.ts'
import { ConnectionDigests } from '../../../src/tokens/connection-digests.ts'
import { KeyRing } from '../../../src/tokens/keys/key-ring.ts'
import { newKeyRing, parseRingText } from '../../../src/tokens/keys/key-ring-text.ts'
import { rotateKey } from '../../../src/tokens/keys/rotate-key-ring.ts'
import type { Digests } from '../../../src/tokens/ports.ts'
import { createResolveToken } from '../../../src/tokens/resolve-token.ts'
import { newTokenText } from '../../../src/tokens/token-text.ts'
import { aToken } from '../cache/held-store.ts'

const clock = { now: () => 0 }
const material = parseRingText(newKeyRing(clock).reveal())
const before = new KeyRing(material)
const after = new KeyRing(rotateKey(material, clock))
const client = parseAddress('192.0.2.1') as Address
const secret = newTokenText('personal')
const credential = { scheme: 'bearer', secret } as Credential

t.test('a connection that presents the same text gets the digest of the ring in force', async (t) => {
  const keyRing = { current: before }
  const digests = new ConnectionDigests(keyRing)
  const connection = {}
  t.equal(digests.valueOf(secret, connection), before.digest(secret).value)
  t.equal(digests.valueOf(secret, connection), before.digest(secret).value)
  keyRing.current = after
  t.equal(digests.valueOf(secret, connection), after.digest(secret).value)
  t.equal(digests.valueOf(new Secret('other'), connection), after.digest(new Secret('other')).value)
})

/** A directory that knows the token under the newer key only. `onFind` happens while it is asked. */
function scene(onFind: (keyRing: { current: KeyRing }) => void = () => {}) {
  const asked: string[][] = []
  const keyRing = {
    current: before,
    refreshed: 0,
    fileHas: before,
    refresh(): KeyRing {
      this.refreshed++
      this.current = this.fileHas
      return this.current
    },
  }
  const resolve = createResolveToken({
    directory: {
      recall: () => undefined,
      remembers: () => undefined,
      find: async (digests: Digests) => {
        asked.push(digests.map(({ keyId }) => keyId))
        onFind(keyRing)
        const known = after.digest(secret).value
        const isKnown = digests.some(({ value }) => value === known)
        return { token: isKnown ? aToken('a') : undefined, version: 0 }
      },
    },
    keyRing,
    importedFormats: { recognise: () => undefined },
    clock,
    failures: { screen: () => undefined, count: () => {} },
    systemNetworks: compileNetworks([]),
    onSystemTokenOutside: () => {},
  })
  return { keyRing, asked, resolve: () => resolve(credential, client, {}) }
}

t.test('a token under a key that is only in the file is found with the key', async (t) => {
  const { keyRing, asked, resolve } = scene()
  keyRing.fileHas = after
  t.match(await resolve(), { id: 'a' })
  t.same(asked, [['k1'], ['k2', 'k1']])
})

t.test('a ring that was exchanged while the store was asked is asked with, too', async (t) => {
  const { keyRing, asked, resolve } = scene((ring) => {
    ring.current = after
  })
  keyRing.fileHas = after
  t.match(await resolve(), { id: 'a' })
  t.same(asked, [['k1'], ['k2', 'k1']])
})

t.test('an unknown token costs one look at the file and one look-up', async (t) => {
  const { keyRing, asked, resolve } = scene()
  t.match(await resolve(), { code: 'invalid_token' })
  t.equal(keyRing.refreshed, 1)
  t.same(asked, [['k1']])
})

t.test('a known token costs no look at the file', async (t) => {
  const { keyRing, resolve } = scene()
  keyRing.current = after
  t.match(await resolve(), { id: 'a' })
  t.equal(keyRing.refreshed, 0)
})
