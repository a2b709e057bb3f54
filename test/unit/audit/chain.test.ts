/**
 * What somebody who can write to the database, but has no key, can do to a chain: nothing that is not found.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import { type ChainHead, emptyChain, extendChain, hashOf } from '../../../src/audit/chain.ts'
import { type Done, decodeEntry, encodeEntry } from '../../../src/audit/entry.ts'
import { type ChainFault, ChainVerifier, type StoredEntry } from '../../../src/audit/verify-chain.ts'
import { KeyRing } from '../../../src/tokens/keys/key-ring.ts'
import { newRingEntry, type RingEntry } from '../../../src/tokens/keys/key-ring-text.ts'

const clock = { now: () => 0 }
const act = { at: 5, by: 'alice', origin: 'test', cause: '' }
const [k1, k2] = [newRingEntry('k1', clock), newRingEntry('k2', clock)]
const ringOf = (current: RingEntry, ...others: RingEntry[]) =>
  new KeyRing({ current, keys: [...others, current] })
const before = ringOf(k1)
const both = ringOf(k2, k1)
const after = ringOf(k2)

/** A store: what the gateway appended, and what was done to it since. */
interface Store {
  rows: StoredEntry[]
  head: ChainHead
}

function append(store: Store, ring: KeyRing, done: Done = { deed: 'token_issued', tokenId: 'a' }): void {
  const { entry, ...head } = extendChain(store.head, ring, act, done)
  store.rows.push({ seq: head.seq, entry, hash: head.hash })
  store.head = head
}

function chainOf(length: number, ring = before): Store {
  const store: Store = { rows: [], head: emptyChain }
  for (let index = 0; index < length; index++)
    append(store, ring, { deed: 'token_issued', tokenId: `t${index}` })
  return store
}

function verify({ rows, head }: Store, ring = before): ChainFault | undefined {
  const verifier = new ChainVerifier(ring)
  for (const row of rows) {
    const fault = verifier.next(row)
    if (fault !== undefined) return fault
  }
  return verifier.end(head)
}

/** Edits an entry and makes all hashes from there on fit again, the head's too: all that takes no key. */
function rechain(store: Store, at: number, change: object): void {
  let previous = store.rows[at - 1]?.hash ?? ''
  store.rows = store.rows.map((row, index) => {
    if (index < at) return row
    const entry = decodeEntry(row.entry)
    if (entry === undefined) throw new Error('an entry of the test is none')
    const text = encodeEntry({ ...entry, ...(index === at ? change : {}), previous })
    previous = hashOf(text)
    return { ...row, entry: text, hash: previous }
  })
  store.head = { ...store.head, hash: previous }
}

const places = fc.tuple(fc.integer({ min: 2, max: 20 }), fc.nat(), fc.nat({ max: 3 }))

/** `attack` is given a whole chain and a place in it; afterwards the gateway goes on appending. */
function isAlwaysFound(attack: (store: Store, place: number) => number | undefined): void {
  fc.assert(
    fc.property(places, ([length, anywhere, more]) => {
      const store = chainOf(length)
      const named = attack(store, anywhere % length)
      for (let index = 0; index < more; index++) append(store, before)
      const fault = verify(store)
      return fault !== undefined && (named === undefined || fault.seq === named)
    }),
  )
}

t.test('a chain as it was written fits, empty or long', async (t) => {
  for (const length of [0, 1, 2, 50]) t.equal(verify(chainOf(length)), undefined)
})

t.test('an entry that was edited is named', async () => {
  isAlwaysFound(({ rows }, place) => {
    const row = rows[place] as StoredEntry
    rows[place] = { ...row, entry: row.entry.replace('alice', 'bob') }
    return place + 1
  })
})

t.test('an entry that was edited, and its own hash with it, is named', async () => {
  isAlwaysFound((store, place) => {
    const row = store.rows[place] as StoredEntry
    const entry = row.entry.replace('alice', 'bob')
    store.rows[place] = { ...row, entry, hash: hashOf(entry) }
    return place + 1
  })
})

t.test('a chain that was made to fit again from an edited entry on is found at that entry', async () => {
  isAlwaysFound((store, place) => {
    rechain(store, place, { by: 'bob' })
    return place + 1
  })
})

t.test('an entry that was removed is named', async () => {
  isAlwaysFound((store, place) => {
    store.rows.splice(place, 1)
    return place + 1
  })
})

t.test('a removal that was made good by numbering the others again is found', async () => {
  isAlwaysFound((store, place) => {
    store.rows.splice(place, 1)
    store.rows = store.rows.map((row, index) => ({ ...row, seq: index + 1 }))
    store.head = { ...store.head, seq: store.rows.length }
    return undefined
  })
})

t.test('entries that changed places are named', async () => {
  isAlwaysFound((store, place) => {
    const other = place === 0 ? 1 : place - 1
    const [a, b] = [store.rows[place] as StoredEntry, store.rows[other] as StoredEntry]
    store.rows[place] = { ...b, seq: a.seq }
    store.rows[other] = { ...a, seq: b.seq }
    return Math.min(place, other) + 1
  })
})

t.test('an entry that was put in, numbers and all, is named', async () => {
  isAlwaysFound((store, place) => {
    const row = store.rows[place] as StoredEntry
    const forged = { seq: row.seq, entry: row.entry.replace('alice', 'eve'), hash: '' }
    store.rows.splice(place, 0, { ...forged, hash: hashOf(forged.entry) })
    store.rows = store.rows.map((each, index) => ({ ...each, seq: index + 1 }))
    return place + 1
  })
})

t.test('an entry that was put behind the last is named, though the gateway goes on behind it', async () => {
  isAlwaysFound((store) => {
    const { seq, hash, seal } = store.head
    const forger = ringOf(newRingEntry('k1', clock))
    const { entry, ...head } = extendChain({ seq, hash, seal }, forger, act, { deed: 'token_issued' })
    store.rows.push({ seq: head.seq, entry, hash: head.hash })
    store.head = head
    return head.seq
  })
})

t.test('a cut tail is found, though the head is set back and the gateway goes on behind it', async () => {
  for (const seal of ['', 'f'.repeat(64)]) {
    isAlwaysFound((store, place) => {
      const { seal: last } = store.head
      store.rows.length = place
      const at = store.rows.at(-1)
      if (at === undefined) store.rows.push(...chainOf(1, ringOf(newRingEntry('k1', clock))).rows)
      const end = store.rows.at(-1) as StoredEntry
      store.head = { seq: end.seq, hash: end.hash, seal: seal || last }
      return end.seq
    })
  }
})

t.test('what the next entry keeps of a seal does not give the seal away', async (t) => {
  const store = chainOf(3)
  const third = decodeEntry(store.rows[2]?.entry ?? '')
  store.rows.length = 2
  store.head = { seq: 2, hash: store.rows[1]?.hash ?? '', seal: third?.sealed ?? '' }
  t.match(verify(store), { seq: 2, what: 'unsealed' })
})

t.test(
  'a chain fits under a ring that was rotated, and goes on fitting without the key that was retired',
  async (t) => {
    const store = chainOf(5)
    append(store, before, { deed: 'key_rotated', details: { key: 'k2' } })
    append(store, both)
    append(store, before)
    t.equal(verify(store, both), undefined)
    t.match(verify(store, before), { seq: 7, what: 'unknown_key' })
    t.match(verify(store, after), { seq: 1, what: 'unknown_key' }, 'nobody has vouched for it')
    append(store, both, { deed: 'key_retired', details: { key: 'k1' } })
    t.equal(verify(store, after), undefined)
    append(store, after)
    t.equal(verify(store, after), undefined)
  },
)

t.test(
  'a retired key is no way in: nothing new passes for sealed with it, nor its own retirement',
  async (t) => {
    const store = chainOf(5)
    append(store, both, { deed: 'key_retired', details: { key: 'k1' } })
    append(store, after)
    const forger = ringOf(newRingEntry('k1', clock))
    append(store, forger)
    append(store, forger, { deed: 'key_retired', details: { key: 'k1' } })
    append(store, after)
    t.match(verify(store, after), { seq: 8, what: 'unknown_key' })

    const rewritten = chainOf(5)
    append(rewritten, both, { deed: 'key_retired', details: { key: 'k1' } })
    append(rewritten, after)
    rechain(rewritten, 2, { by: 'bob' })
    append(rewritten, after)
    t.match(
      verify(rewritten, after),
      { seq: 6, what: 'unsealed' },
      'where the first key is that is still held',
    )
  },
)

t.test('an entry whose key was retired is still held by the hashes behind it', async (t) => {
  for (const place of [0, 2, 4]) {
    const store = chainOf(5)
    append(store, both, { deed: 'key_retired', details: { key: 'k1' } })
    const row = store.rows[place] as StoredEntry
    const entry = row.entry.replace('alice', 'bob')
    store.rows[place] = { ...row, entry, hash: hashOf(entry) }
    t.match(verify(store, after), { seq: place + 1, what: 'replaced' })
  }
})

t.test('what retention removed is known from its own entry, and no more may be missing', async (t) => {
  const store = chainOf(10)
  const hash = store.rows[3]?.hash ?? ''
  append(store, before, { deed: 'audit_pruned', details: { keptFrom: 5, hash } })
  t.match(verify(store), { seq: 1, what: 'inserted' }, 'what was removed is still there')
  const removed = store.rows.splice(0, 4)
  t.equal(verify(store), undefined)
  const fifth = store.rows.shift()
  t.match(verify(store), { seq: 5, what: 'removed' })
  if (fifth) store.rows.unshift(fifth)
  store.rows.unshift(removed[3] as StoredEntry)
  t.match(verify(store), { seq: 4, what: 'inserted' })
})

t.test('an end that was noted elsewhere is the only proof against a return to an earlier one', async (t) => {
  const store = chainOf(3)
  const noted = { rows: [...store.rows], head: store.head }
  append(store, before)
  t.equal(verify(noted), undefined)
})
