/**
 * What every token store guarantees of the acts in its audit record: each leaves one entry, in its own transaction.
 * @module
 */

import type { Test } from 'tap'
import type { AuditEntry } from '../../../src/audit/entry.ts'
import { verifyTrail } from '../../../src/audit/verify-trail.ts'
import { deleteSubject } from '../../../src/tokens/life/delete-subject.ts'
import { revokeItself } from '../../../src/tokens/life/revoke-itself.ts'
import { rotateToken } from '../../../src/tokens/life/rotate-token.ts'
import { mintToken } from '../../../src/tokens/mint-token.ts'
import type { TokenStore } from '../../../src/tokens/ports.ts'
import { newRecordId } from '../../../src/tokens/record-id.ts'
import { ensureSystemToken } from '../../../src/tokens/system-token.ts'
import { importLines } from '../foreign/foreign-tokens.ts'
import { act, entriesOf } from './audit-scene.ts'
import {
  addToken,
  clock,
  keyRing,
  type NewDatabase,
  revocation,
  ringText,
  start,
} from './contract-database.ts'
import { derive } from './derive-contract.ts'

const dayMs = 86_400_000

/** What `work` leaves in the record. */
async function leaves(store: TokenStore, work: () => Promise<unknown>): Promise<AuditEntry[]> {
  const { seq } = await store.audit.head()
  await work()
  return (await entriesOf(store)).filter((entry) => entry.seq > seq)
}

/** Runs every guarantee against databases that `newDatabase` makes. */
export function testAuditedActs(t: Test, newDatabase: NewDatabase): void {
  t.test('each act leaves exactly one entry, with who, whence, why and to what', (t) => acts(t, newDatabase))
  t.test('an act that does nothing, is refused or fails leaves none', (t) => nothingDone(t, newDatabase))
  t.test('an act whose entry cannot be written does not happen', (t) => noEntryNoAct(t, newDatabase))
  t.test('a group revocation names every token, in one entry for each batch', (t) => groups(t, newDatabase))
  t.test('no text of a token, no digest and no seal is in an entry', (t) => noSecrets(t, newDatabase))
}

async function acts(t: Test, newDatabase: NewDatabase): Promise<void> {
  const store = (await newDatabase(t)).open()
  const who = { at: act.at, by: 'alice', origin: 'cli:alice@host1', cause: 'why not' }
  const one = async (work: () => Promise<unknown>, expected: object) => {
    const left = await leaves(store, work)
    t.equal(left.length, 1, JSON.stringify(expected))
    t.match(left[0], expected)
  }
  const subjectId = newRecordId(clock)
  await one(() => store.addSubject({ id: subjectId, name: 'pip', kind: 'project' }, act), {
    ...who,
    deed: 'subject_added',
    subjectId,
    details: { name: 'pip', kind: 'project' },
  })
  const token = (await addToken(store, { subjectId })).token
  t.match((await entriesOf(store)).at(-1), { deed: 'token_issued', tokenId: token.id, by: 'root', at: start })
  const child = await derive(store, token)
  t.match((await entriesOf(store)).at(-1), {
    deed: 'token_derived',
    tokenId: child.id,
    by: 'ci',
    details: { parentId: token.id },
  })
  const issuer = { registry: store, keyRing, clock, isNetwork: () => true }
  await one(() => rotateToken(issuer, token.id, { createdBy: 'ops', origin: 'cli:x@y' }), {
    deed: 'token_rotated',
    tokenId: token.id,
    by: 'ops',
    origin: 'cli:x@y',
    details: { until: start + dayMs },
  })
  t.match((await entriesOf(store)).at(-1)?.tokenIds, [(await store.showToken(token.id))?.rotatedTo])
  await one(() => store.revokeToken(token.id, act), {
    ...who,
    deed: 'token_revoked',
    tokenId: token.id,
    tokenIds: [child.id],
    subjectId,
  })
  const other = (await addToken(store, { subjectId })).token
  await one(() => revokeItself(store, clock, other, 'api:192.0.2.7'), {
    deed: 'token_revoked',
    by: 'pip',
    origin: 'api:192.0.2.7',
    tokenId: other.id,
  })
  for (const [status, deed] of [
    ['disabled', 'subject_disabled'],
    ['active', 'subject_enabled'],
  ] as const) {
    await one(() => store.setSubjectStatus('pip', status, act), { ...who, deed, subjectId })
  }
  const deletion = await leaves(store, () => deleteSubject(store, clock, 'pip', act))
  t.same(
    deletion.map(({ deed }) => deed),
    ['subject_disabled', 'tokens_revoked', 'subject_deleted'],
  )
  const system = await leaves(store, () => ensureSystemToken(store, keyRing, clock, 'gateway:host2'))
  t.match(system, [
    { deed: 'subject_added', by: 'sallyport:system', origin: 'gateway:host2' },
    { deed: 'system_token_made', by: 'sallyport:system', origin: 'gateway:host2', cause: 'on first need' },
  ])
  const line = {
    format: 'sentry-dsn',
    publicKey: 'a'.repeat(32),
    kind: 'dsn',
    subject: 'web',
    bindings: { project: ['1'] },
  }
  const imported = await leaves(store, () => importLines(store, ringText, [line]))
  t.match(imported, [
    { deed: 'subject_added' },
    { deed: 'tokens_imported', by: 'tester', tokenIds: [/^[0-9a-f-]{36}$/] },
  ])
  await one(() => store.audit.record(act, { deed: 'key_retired', details: { key: 'k1' } }), {
    ...who,
    deed: 'key_retired',
    details: { key: 'k1' },
  })
  const dead = (await store.listTokens({ state: 'revoked', now: start, limit: 10 })).map(({ id }) => id)
  const later = await leaves(store, () => store.purgeDead(start + dayMs, act))
  for (const entry of later) t.match(entry, { ...who, deed: 'tokens_purged' })
  t.same(
    later.flatMap(({ tokenIds }) => tokenIds).toSorted(),
    dead.toSorted(),
    'each batch names what it removed',
  )
  t.match(await store.audit.ofToken(token.id, 10), [{}, {}, {}], 'issued, rotated, revoked')
  t.same(await store.audit.ofToken(newRecordId(clock), 10), [])
  t.equal((await verifyTrail(store.audit, keyRing)).fault, undefined)
}

async function nothingDone(t: Test, newDatabase: NewDatabase): Promise<void> {
  const database = await newDatabase(t)
  const store = database.open()
  const { token } = await addToken(store)
  await store.revokeToken(token.id, revocation)
  const issuer = { registry: store, keyRing, clock, isNetwork: () => true }
  const { digest } = mintToken('personal', keyRing)
  const rights = { scopes: [], bindings: {}, access: 'none', networks: undefined, paths: undefined } as const
  const bad = {
    id: newRecordId(clock),
    digest,
    kind: 'personal',
    description: '',
    expiresAt: undefined,
    ...rights,
  } as const
  const left = await leaves(store, async () => {
    await store.revokeToken(token.id, revocation)
    await store.revokeToken(newRecordId(clock), revocation)
    await store.revokeTokens({ createdBy: 'nobody' }, revocation)
    await store.addSubject({ id: newRecordId(clock), name: 'test:tester', kind: 'user' }, act)
    await store.setSubjectStatus('test:tester', 'active', act)
    await store.setSubjectStatus('nobody', 'disabled', act)
    await rotateToken(issuer, token.id, { createdBy: 'ops', origin: 'test' })
    await t.rejects(store.addToken({ ...bad, subjectId: newRecordId(clock) }, act))
    await t.rejects(addToken(store, { parentId: token.id, expiresAt: start + 1 }), { name: 'ParentUnfit' })
    await store.purgeDead(start - dayMs, act)
    await store.audit.prune(start - dayMs, act)
    await store.recordUses([{ tokenId: token.id, at: start, address: undefined }])
    await store.listTokens({ state: 'all', now: start, limit: 10 })
  })
  t.same(left, [])
}

async function noEntryNoAct(t: Test, newDatabase: NewDatabase): Promise<void> {
  const database = await newDatabase(t)
  const store = database.open()
  const { token } = await addToken(store)
  const reader = database.open({ sealer: undefined } as object)
  const message = /without a key ring/
  await t.rejects(reader.revokeToken(token.id, revocation), { message })
  await t.rejects(addToken(reader), { message })
  await t.rejects(reader.revokeTokens({ createdBy: 'root' }, revocation), { message })
  await t.rejects(reader.setSubjectStatus('test:tester', 'disabled', act), { message })
  await t.rejects(reader.addSubject({ id: newRecordId(clock), name: 'x', kind: 'user' }, act), { message })
  await database.execute('ALTER TABLE audit_entries RENAME TO elsewhere')
  await t.rejects(store.revokeToken(token.id, revocation))
  await t.rejects(store.setSubjectStatus('test:tester', 'disabled', act))
  await t.rejects(
    store.purgeDead(start + dayMs * 999, act).then((count) => t.equal(count, 0) && Promise.reject()),
  )
  await database.execute('ALTER TABLE elsewhere RENAME TO audit_entries')
  t.same(await store.showToken(token.id), token)
  t.equal((await store.listTokens({ state: 'all', now: start, limit: 10 })).length, 1)
  t.equal(await store.findSubject('x'), undefined)
  t.equal((await store.readClock()).version, 0)
  t.equal((await verifyTrail(store.audit, keyRing)).fault, undefined)
}

async function groups(t: Test, newDatabase: NewDatabase): Promise<void> {
  const store = (await newDatabase(t)).open()
  const bound = { bindings: { project: ['pip'] }, createdBy: 'ci' }
  await addToken(store)
  const ids = (await Promise.all(Array.from({ length: 1_100 }, () => addToken(store, bound)))).map(
    ({ token }) => token.id,
  )
  const left = await leaves(store, () =>
    store.revokeTokens({ binding: { key: 'project', value: 'pip' } }, act),
  )
  t.ok(left.length >= 2 && left.length <= 3, `${left.length} batches`)
  for (const entry of left)
    t.match(entry, { deed: 'tokens_revoked', by: 'alice', details: { binding: 'project=pip' } })
  t.same(left.flatMap(({ tokenIds }) => tokenIds).toSorted(), ids.toSorted())
  await addToken(store, bound)
  t.match(await leaves(store, () => store.revokeTokens({ createdBy: 'ci' }, act)), [
    { details: { issuer: 'ci' } },
  ])
}

async function noSecrets(t: Test, newDatabase: NewDatabase): Promise<void> {
  const store = (await newDatabase(t)).open()
  const issued = [await addToken(store), await addToken(store)]
  const issuer = { registry: store, keyRing, clock, isNetwork: () => true }
  const rotated = await rotateToken(issuer, issued[0]?.token.id ?? '', { createdBy: 'ops', origin: 'test' })
  const system = await ensureSystemToken(store, keyRing, clock, 'test')
  await store.revokeTokens({ createdBy: 'root' }, revocation)
  const secrets = [
    ...issued.flatMap(({ text, digests }) => [text.reveal(), ...digests.map(({ value }) => value)]),
    ...(rotated.outcome === 'rotated' ? [rotated.text.reveal(), keyRing.digest(rotated.text).value] : []),
    system.text.reveal(),
    (await store.systemToken())?.sealedText ?? '',
    (await store.audit.head()).seal,
  ]
  const hex = secrets.map((secret) => Buffer.from(secret, 'base64url').toString('hex'))
  const stored = (await store.audit.entries({ after: 0, limit: 100 }))
    .map((row) => JSON.stringify(row))
    .join()
  t.ok(secrets.length >= 9)
  for (const secret of [...secrets, ...hex]) t.notOk(stored.includes(secret))
}
