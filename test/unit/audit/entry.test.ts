/**
 * The text of an entry: one for each entry, one entry for each.
 * @module
 */

import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { type AuditEntry, decodeEntry, deeds, encodeEntry } from '../../../src/audit/entry.ts'

const text = fc.string({ unit: 'binary' })
const count = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })
const id = fc.option(fc.oneof(fc.uuid(), text), { nil: null })

const entries: fc.Arbitrary<AuditEntry> = fc.record(
  {
    seq: count,
    at: fc.integer({ min: -8.64e15, max: 8.64e15 }),
    deed: fc.constantFrom(...deeds),
    by: text,
    origin: text,
    cause: text,
    subjectId: id,
    tokenId: id,
    tokenIds: fc.array(text, { maxLength: 4 }),
    details: fc.dictionary(text, fc.oneof(count, text), { maxKeys: 4, noNullPrototype: true }),
    key: text,
    previous: text,
    sealed: text,
  },
  { noNullPrototype: true },
)

t.test('an entry is read back from its text as it was, whatever it holds', async (t) => {
  fc.assert(
    fc.property(entries, (entry) => {
      const read = decodeEntry(encodeEntry(entry))
      return read !== undefined && isDeepStrictEqual(read, entry)
    }),
    { numRuns: 1_000 },
  )
  t.pass()
})

t.test('no two different entries have one text', async (t) => {
  fc.assert(
    fc.property(entries, entries, (one, other) => {
      const differ = encodeEntry(one) !== encodeEntry(other)
      return differ !== isDeepStrictEqual(one, other)
    }),
    { numRuns: 1_000 },
  )
  // Neighbours are where an encoding without bounds would fail: a border that moves between two fields.
  fc.assert(
    fc.property(entries, text, text, (entry, a, b) => {
      fc.pre(a !== '')
      const moved = { ...entry, by: `${b}${a}`, origin: '' }
      return encodeEntry({ ...entry, by: b, origin: a }) !== encodeEntry(moved)
    }),
    { numRuns: 1_000 },
  )
  t.pass()
})

t.test('any other text is no entry', async (t) => {
  const entry = fc.sample(entries, { numRuns: 1, seed: 7 })[0] as AuditEntry
  const good = encodeEntry({ ...entry, details: { kind: 'personal' } })
  t.ok(decodeEntry(good))
  for (const bad of [
    '',
    'null',
    '[]',
    '{}',
    ` ${good}`,
    good.replace('{', '{ '),
    good.replace('"details":{', '"details":{"kind":"x",'),
    good.replace('"details":{"kind":"personal"}', '"details":{"kind":null}'),
    good.replace('"details":{"kind":"personal"}', '"details":[]'),
    good.replace(/"deed":"\w+"/, '"deed":"token_forgotten"'),
    good.replace(/"tokenIds":\[.*?\],"details/, '"tokenIds":[7],"details'),
    good.replace(/"seq":\d+/, '"seq":"1"'),
    good.replace(/"seq":\d+/, '"seq":1.5'),
    good.replace(/}$/, ',"more":1}'),
  ]) {
    t.equal(decodeEntry(bad), undefined, bad.slice(0, 60))
  }
})

t.test('a number that JSON would change is refused', async (t) => {
  const [entry] = fc.sample(entries, 1)
  for (const value of [0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, -0]) {
    t.throws(() => encodeEntry({ ...(entry as AuditEntry), details: { value } }), RangeError)
  }
})
