/**
 * What every token store guarantees of its audit record: each act leaves one entry, in its own transaction, and whatever
 * is done to the entries past the gateway is found.
 * @module
 */

import type { Test } from 'tap'
import { extendChain } from '../../../src/audit/chain.ts'
import { type AuditEntry, type Done, decodeEntry } from '../../../src/audit/entry.ts'
import { verifyTrail } from '../../../src/audit/verify-trail.ts'
import { deleteSubject } from '../../../src/tokens/life/delete-subject.ts'
import { purgeTokens } from '../../../src/tokens/life/purge-tokens.ts'
import { revokeItself } from '../../../src/tokens/life/revoke-itself.ts'
import { rotateToken } from '../../../src/tokens/life/rotate-token.ts'
import { mintToken } from '../../../src/tokens/mint-token.ts'
import type { TokenStore } from '../../../src/tokens/ports.ts'
import { newRecordId } from '../../../src/tokens/record-id.ts'
import { ensureSystemToken } from '../../../src/tokens/system-token.ts'
import { importLines } from '../foreign/foreign-tokens.ts'
import {
  addToken,
  clock,
  type Database,
  keyRing,
  type NewDatabase,
  revocation,
  ringText,
  start,
} from './contract-database.ts'
import { derive } from './derive-contract.ts'

const act = { at: start + 7, by: 'alice', origin: 'cli:alice@host1', cause: 'why not' }
const dayMs = 86_400_000

/** Every entry, as it reads. */
async function entriesOf({ audit }: TokenStore): Promise<AuditEntry[]> {
  const read: AuditEntry[] = []
  for (let after = 0; ; after = read.length) {
    const page = await audit.entries({ after, limit: 500 })
    if (page.length === 0) return read
    for (const { entry } of page) read.push(decodeEntry(entry) as AuditEntry)
  }
}

/** What `work` leaves in the record. */
async function leaves(store: TokenStore, work: () => Promise<unknown>): Promise<AuditEntry[]> {
  const { seq } = await store.audit.head()
  await work()
  return (await entriesOf(store)).filter((entry) => entry.seq > seq)
}

async function chainOf(store: TokenStore, length: number): Promise<void> {
  for (let index = 0; index < length; index++) {
    await store.audit.record(
      { ...act, at: start + index },
      { deed: 'key_staged', details: { key: `k${index}` } },
    )
  }
}

/** Runs every guarantee against databases that `newDatabase` makes. */
export function testAudit(t: Test, newDatabase: NewDatabase): void {
  t.test('each act leaves exactly one entry, with who, whence, why and to what', (t) => acts(t, newDatabase))
  t.test('an act that does nothing, is refused or fails leaves none', (t) => nothingDone(t, newDatabase))
  t.test('an act whose entry cannot be written does not happen', (t) => noEntryNoAct(t, newDatabase))
  t.test('a group revocation names every token, in one entry for each batch', (t) => groups(t, newDatabase))
  t.test('writers at once give every entry a number of its own, without a gap', (t) =>
    writers(t, newDatabase),
  )
  t.test('pages are whole while others write', (t) => pages(t, newDatabase))
  t.test('whatever is done past the gateway is found, and the entry named', (t) => tampering(t, newDatabase))
  t.test('the database itself refuses changes that are made by mistake', (t) => guards(t, newDatabase))
  t.test('retention removes the oldest, and the rest still fits', (t) => retention(t, newDatabase))
  t.test('no text of a token, no digest and no seal is in an entry', (t) => noSecrets(t, newDatabase))
  t.test('one of many replicas is told to do a task, once in an interval', (t) => tasks(t, newDatabase))
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
  t.equal(await store.currentVersion(), 0)
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

async function writers(t: Test, newDatabase: NewDatabase): Promise<void> {
  const database = await newDatabase(t)
  const stores = [database.open(), database.open(), database.open()]
  await addToken(stores[0] as TokenStore)
  await Promise.all(
    stores.flatMap((store) =>
      Array.from({ length: 30 }, async (_, index) => {
        const { token } = await addToken(store)
        if (index % 3 === 0) await store.revokeToken(token.id, revocation)
        if (index % 3 === 1)
          await store.setSubjectStatus('test:tester', index % 2 ? 'disabled' : 'active', act)
      }),
    ),
  )
  const numbers = (await entriesOf(stores[0] as TokenStore)).map(({ seq }) => seq)
  t.same(
    numbers,
    numbers.map((_, index) => index + 1),
  )
  t.ok(numbers.length >= 122)
  t.equal((await verifyTrail((stores[1] as TokenStore).audit, keyRing)).fault, undefined)
}

async function pages(t: Test, newDatabase: NewDatabase): Promise<void> {
  const database = await newDatabase(t)
  const [writer, reader] = [database.open(), database.open()]
  await chainOf(writer, 40)
  const writing = chainOf(writer, 60)
  const seen: number[] = []
  while (seen.length < 100) {
    const page = await reader.audit.entries({ after: seen.at(-1) ?? 0, limit: 7 })
    seen.push(...page.map(({ seq }) => seq))
  }
  await writing
  t.same(
    seen,
    Array.from({ length: 100 }, (_, index) => index + 1),
  )
  const period = { since: start + 10, until: start + 12, limit: 10 }
  t.same(
    (await reader.audit.entries({ after: 0, ...period })).map(({ seq }) => seq),
    [11, 12, 51, 52],
  )
  t.same(
    (await reader.audit.latest(3)).map(({ seq }) => seq),
    [98, 99, 100],
  )
  await t.rejects(reader.audit.entries({ after: 0, limit: 0 }), RangeError)
}

const unguard = {
  postgres: `
ALTER TABLE audit_entries DISABLE TRIGGER USER; ALTER TABLE audit_head DISABLE TRIGGER USER;`,
  sqlite: `
DROP TRIGGER audit_entries_stay; DROP TRIGGER audit_entries_stay_all; DROP TRIGGER audit_head_stays;`,
}

async function tampering(t: Test, newDatabase: NewDatabase): Promise<void> {
  const forgedEntry = async (store: TokenStore, done: Done) => {
    const { seq, hash, seal } = await store.audit.head()
    const ring = { currentKeyId: 'k1', sealOf: () => 'f'.repeat(64) }
    return extendChain({ seq, hash, seal }, ring, act, done)
  }
  const put = ({ seq, entry, hash }: { seq: number; entry: string; hash: string }) =>
    `INSERT INTO audit_entries (seq, entry, hash) VALUES (${seq}, '${entry}', '${hash}')`
  const edited = "replace(CAST(entry AS text), 'alice', 'bob')"
  const attacks: Record<
    string,
    { seq: number; what: string; sql: (store: TokenStore, isPostgres: boolean) => Promise<string> | string }
  > = {
    'an edited entry': {
      seq: 5,
      what: 'edited',
      sql: (_, isPostgres) =>
        `UPDATE audit_entries SET entry = ${isPostgres ? `${edited}::json` : edited} WHERE seq = 5`,
    },
    'an edited entry with its hash': {
      seq: 5,
      what: 'replaced',
      sql: async (store, isPostgres) => {
        const [row] = await store.audit.entries({ after: 4, limit: 1 })
        const entry = (row?.entry ?? '').replace('alice', 'bob')
        const { createHash } = await import('node:crypto')
        const hash = createHash('sha256').update(entry).digest('hex')
        return `UPDATE audit_entries SET entry = '${entry}'${isPostgres ? '::json' : ''}, hash = '${hash}' WHERE seq = 5`
      },
    },
    'a removed entry': { seq: 6, what: 'removed', sql: () => 'DELETE FROM audit_entries WHERE seq = 6' },
    'the oldest removed': { seq: 1, what: 'removed', sql: () => 'DELETE FROM audit_entries WHERE seq < 3' },
    'two that changed places': {
      seq: 4,
      what: 'moved',
      sql: () => `UPDATE audit_entries SET seq = 99 WHERE seq = 4; UPDATE audit_entries SET seq = 4 WHERE seq = 5;
UPDATE audit_entries SET seq = 5 WHERE seq = 99`,
    },
    'one behind the head': {
      seq: 13,
      what: 'inserted',
      sql: async (store) => put(await forgedEntry(store, { deed: 'token_issued' })),
    },
    'one behind the head, and the head with it': {
      seq: 13,
      what: 'unsealed',
      sql: async (store) => {
        const link = await forgedEntry(store, { deed: 'token_issued' })
        return `${put(link)}; UPDATE audit_head SET seq = ${link.seq}, hash = '${link.hash}', seal = '${link.seal}'`
      },
    },
    'a cut tail': { seq: 11, what: 'removed', sql: () => 'DELETE FROM audit_entries WHERE seq > 10' },
    'a cut tail, and the head set back': {
      seq: 10,
      what: 'unsealed',
      sql: async (store) => {
        const [row] = await store.audit.entries({ after: 9, limit: 1 })
        return `DELETE FROM audit_entries WHERE seq > 10; UPDATE audit_head SET seq = 10, hash = '${row?.hash}'`
      },
    },
  }
  for (const [name, { seq, what, sql }] of Object.entries(attacks)) {
    for (const goesOn of [false, true]) {
      const database: Database = await newDatabase(t)
      const store = database.open()
      await chainOf(store, 12)
      t.equal((await verifyTrail(store.audit, keyRing)).fault, undefined)
      const isPostgres = store.technology === 'postgres'
      await database.execute(unguard[store.technology])
      await database.execute(await sql(store, isPostgres))
      // The gateway goes on; a number that is taken twice is refused by the database.
      if (goesOn) await chainOf(store, 2).catch(() => {})
      const { fault } = await verifyTrail(store.audit, keyRing)
      t.match(
        fault,
        goesOn && what === 'removed' ? { seq } : { seq, what },
        `${name}${goesOn ? ', and more after it' : ''}`,
      )
    }
  }
}

async function guards(t: Test, newDatabase: NewDatabase): Promise<void> {
  const database = await newDatabase(t)
  const store = database.open()
  await chainOf(store, 3)
  for (const sql of [
    "UPDATE audit_entries SET hash = 'x' WHERE seq = 1",
    'DELETE FROM audit_entries WHERE seq = 3',
    'DELETE FROM audit_entries',
    'UPDATE audit_head SET seq = 1',
    'UPDATE audit_head SET kept_from = 9',
    'DELETE FROM audit_head',
    ...(store.technology === 'postgres' ? ['TRUNCATE audit_entries', 'TRUNCATE audit_head'] : []),
  ]) {
    await t.rejects(database.execute(sql), { message: /only ever/ }, sql)
  }
  t.equal((await verifyTrail(store.audit, keyRing)).fault, undefined)
}

async function retention(t: Test, newDatabase: NewDatabase): Promise<void> {
  const store = (await newDatabase(t)).open()
  await chainOf(store, 10)
  const young = { by: 'gateway', origin: 'test', cause: '', at: start + dayMs }
  t.equal(await store.audit.prune(start, young), 0)
  t.equal((await store.audit.head()).seq, 10, 'nothing to remove leaves nothing')
  t.equal(await store.audit.prune(start + 4, young), 4)
  const [oldest] = await store.audit.entries({ after: 0, limit: 1 })
  t.equal(oldest?.seq, 5)
  t.match(decodeEntry((await store.audit.latest(1))[0]?.entry ?? ''), {
    deed: 'audit_pruned',
    by: 'gateway',
    details: { keptFrom: 5 },
  })
  t.equal((await verifyTrail(store.audit, keyRing)).fault, undefined)
  t.equal(
    await store.audit.prune(start + dayMs + 1, { ...young, at: start + dayMs * 2 }),
    6,
    'the last one stays',
  )
  const whole = await verifyTrail(store.audit, keyRing)
  t.match(whole, { fault: undefined, entries: 2, head: { seq: 12 } })
  const { head } = whole
  t.equal((await verifyTrail(store.audit, keyRing, { expected: head })).fault, undefined)
  const cases = [
    [
      { seq: 13, hash: head.hash },
      { seq: 13, what: 'removed' },
    ],
    [
      { seq: 12, hash: 'f'.repeat(64) },
      { seq: 12, what: 'replaced' },
    ],
    [
      { seq: 2, hash: head.hash },
      { seq: 2, what: 'removed' },
    ],
  ] as const
  for (const [expected, fault] of cases) {
    t.match((await verifyTrail(store.audit, keyRing, { expected })).fault, fault)
  }
  const aborted = { olderThanMs: 0, auditOlderThanMs: 0, by: 'x', origin: 'x', signal: AbortSignal.abort() }
  t.same(await purgeTokens(store, { now: () => start * 2 }, aborted), {
    tokens: 0,
    changes: 0,
    auditEntries: 0,
  })
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

async function tasks(t: Test, newDatabase: NewDatabase): Promise<void> {
  const database = await newDatabase(t)
  const stores = [database.open(), database.open(), database.open()]
  const all = async (everyMs: number) => {
    const told = await Promise.all(
      stores.flatMap((store) => [1, 2, 3].map(() => store.beginTask('purge', everyMs))),
    )
    return told.filter(Boolean).length
  }
  t.equal(await all(dayMs), 1)
  t.equal(await all(dayMs), 0)
  const past = stores[0]?.technology === 'postgres' ? "now() - interval '1 day'" : 'begun_at - 86400000'
  await database.execute(`UPDATE scheduled_tasks SET begun_at = ${past}`)
  t.equal(await all(2 * dayMs), 0)
  t.equal(await all(dayMs), 1)
}
