/**
 * What every store guarantees of tokens that another service made.
 * @module
 */

import type { Test } from 'tap'
import { systemClock } from '../../../src/lib/clock.ts'
import { Secret } from '../../../src/lib/secret.ts'
import { foreignDigest } from '../../../src/tokens/foreign/foreign-digest.ts'
import type { NewForeignToken } from '../../../src/tokens/foreign/foreign-record.ts'
import { parseKeyRing } from '../../../src/tokens/keys/key-ring.ts'
import { newKeyRing } from '../../../src/tokens/keys/key-ring-text.ts'
import type { TokenStore } from '../../../src/tokens/ports.ts'
import { newRecordId } from '../../../src/tokens/record-id.ts'
import { actAt } from '../../support/act.ts'
import { foreignTokens, gocdToken, importLines, readTheDocsKey } from './foreign-tokens.ts'

const ring = newKeyRing(systemClock).reveal()
const keyRing = parseKeyRing(ring)
const gocdLocator = { format: 'gocd', locator: String(gocdToken.line.saltId) }
const lines = foreignTokens.map(({ line }) => line)

/** `newStore` opens a store on a new, migrated, empty database. */
export function testForeignRecord(t: Test, newStore: (t: Test) => Promise<TokenStore>): void {
  t.test('finds a token by its locator, with all that proving it takes', async (t) => {
    const store = await newStore(t)
    await importLines(store, ring, lines)
    const { candidates, version } = await store.foreign.find([gocdLocator])
    t.equal(candidates.length, 1)
    t.match(candidates, [
      {
        ...gocdLocator,
        cost: 4096,
        verifier: `${gocdToken.line.salt}$${gocdToken.line.hash}`,
        token: { kind: 'personal', subject: { name: 'pipeline-admin' }, access: 'read-write' },
      },
    ])
    t.equal(version, (await store.readClock()).version)

    const both = [gocdLocator, { format: 'django-api-key', locator: String(readTheDocsKey.line.prefix) }]
    t.equal((await store.foreign.find(both)).candidates.length, 2)
    for (const other of [
      { ...gocdLocator, format: 'django-api-key' },
      { ...gocdLocator, locator: "' OR 1=1 --" },
    ]) {
      t.same((await store.foreign.find([other])).candidates, [])
    }
  })

  t.test('an import is heard of by the change clock when it brings a format, and only then', async (t) => {
    const store = await newStore(t)
    t.same(await store.foreign.formats(), [])
    await importLines(store, ring, lines)
    t.same(await store.foreign.formats(), [
      { format: 'django-api-key', cost: 1 },
      { format: 'gocd', cost: 4096 },
      { format: 'sentry-dsn', cost: 1 },
      { format: 'sha256', cost: 1 },
    ])
    t.equal((await store.readClock()).version, 1)
    await importLines(store, ring, [{ ...gocdToken.line, saltId: 'ffffffff' }])
    t.equal((await store.readClock()).version, 1)
  })

  t.test('what is known is passed over, whatever became of it', async (t) => {
    const store = await newStore(t)
    await importLines(store, ring, lines)
    const changed = { ...gocdToken.line, access: 'owner' }
    const again = await importLines(store, ring, [...lines.filter((line) => line.format !== 'gocd'), changed])
    t.match(again, { counts: { imported: 0, already: 4 } })
    const [candidate] = (await store.foreign.find([gocdLocator])).candidates
    t.equal(candidate?.token.access, 'read-write')
    t.equal((await store.listTokens({ state: 'all', now: Date.now(), limit: 100 })).length, 4)
  })

  t.test('of a batch that cannot be recorded nothing is', async (t) => {
    const store = await newStore(t)
    await importLines(store, ring, [readTheDocsKey.line])
    const subject = await store.findSubject('pip-builder')
    const good = newToken(subject?.id ?? '', 'aaaaaaaa')
    await t.rejects(store.foreign.add([good, newToken(newRecordId(systemClock), 'bbbbbbbb')], actAt(1)))
    t.same((await store.foreign.find([good])).candidates, [])
    t.equal(await store.foreign.add([good], actAt(1)), 1)
  })

  t.test('no text finds a token before it is proven, and its own text does afterwards', async (t) => {
    const store = await newStore(t)
    await importLines(store, ring, lines)
    const digests = keyRing.digests(new Secret(gocdToken.text))
    t.equal((await store.find(digests)).token, undefined)
    t.match(await store.countByKey(Date.now()), [{ tokens: 1 }], 'the DSN alone is under a key')
    const [candidate] = (await store.foreign.find([gocdLocator])).candidates
    const version = (await store.readClock()).version
    await store.foreign.rehash(candidate?.token.id ?? '', digests[0])
    await store.foreign.rehash(candidate?.token.id ?? '', digests[0])
    t.equal((await store.find(digests)).token?.id, candidate?.token.id)
    t.equal(
      (await store.foreign.find([gocdLocator])).candidates.length,
      1,
      'it is still proven where need be',
    )
    t.match(await store.countByKey(Date.now()), [{ tokens: 2 }])
    t.equal((await store.readClock()).version, version, 'what it may do has not changed')
  })

  t.test('a public key is found by its digest at once', async (t) => {
    const store = await newStore(t)
    await importLines(store, ring, lines)
    const { token } = await store.find(keyRing.digests(new Secret('a1b2c3d4e5f60718293a4b5c6d7e8f90')))
    t.match(token, { kind: 'dsn', bindings: { project: ['42'] } })
  })

  t.test('a revoked token does not come back by purging its record and importing it again', async (t) => {
    const store = await newStore(t)
    await importLines(store, ring, lines)
    const [candidate] = (await store.foreign.find([gocdLocator])).candidates
    const act = { at: 1_000, by: 'root', origin: 'test', cause: 'leaked' }
    await store.revokeToken(candidate?.token.id ?? '', act)
    t.equal(await store.countDead(2_000), 0)
    t.equal(await store.purgeDead(2_000, actAt(1)), 0)
    t.match(await importLines(store, ring, [gocdToken.line]), { counts: { imported: 0, already: 1 } })
    t.match((await store.foreign.find([gocdLocator])).candidates, [{ token: { revokedAt: 1_000 } }])
  })
}

function newToken(subjectId: string, locator: string): NewForeignToken {
  const place = { format: 'gocd', locator }
  return {
    ...place,
    verifier: `00000000$${'0'.repeat(64)}`,
    cost: 4096,
    token: {
      id: newRecordId(systemClock),
      digest: foreignDigest(place),
      kind: 'personal',
      subjectId,
      scopes: [],
      bindings: {},
      access: 'none',
      networks: undefined,
      paths: undefined,
      description: '',
      expiresAt: undefined,
    },
  }
}
