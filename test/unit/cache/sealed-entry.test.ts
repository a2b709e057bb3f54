/**
 * Sealed entries: what is read back is what was written, and nothing else is read at all.
 * @module
 */

import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { openEntry, sealEntry } from '../../../src/tokens/cache/sealed-entry.ts'
import { tokenToJson } from '../../../src/tokens/cache/token-json.ts'
import { parseKeyRing } from '../../../src/tokens/keys/key-ring.ts'
import { newKeyRing } from '../../../src/tokens/keys/key-ring-text.ts'
import { accessLevels, subjectKinds, type Token, tokenKinds } from '../../../src/tokens/token.ts'
import { aToken } from './held-store.ts'

const ring = parseKeyRing(newKeyRing({ now: () => 0 }).reveal())
const entry = { token: aToken('a'), version: 7, keyId: 'k1', storedAt: 1_000, until: 2_000 }

const text = fc.string()
const texts = fc.array(text, { maxLength: 3 })
const time = fc.nat()
const orNone = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
const plain = { noNullPrototype: true }
const anyToken: fc.Arbitrary<Token> = fc.record(
  {
    id: text,
    kind: fc.constantFrom(...tokenKinds),
    subject: fc.record(
      {
        id: text,
        name: text,
        kind: fc.constantFrom(...subjectKinds),
        status: fc.constantFrom('active', 'disabled', 'deleted'),
        createdAt: time,
      },
      plain,
    ),
    scopes: texts,
    bindings: fc.dictionary(text, texts, plain),
    access: fc.constantFrom(...accessLevels),
    networks: orNone(texts),
    paths: orNone(texts),
    description: text,
    createdAt: time,
    createdBy: text,
    expiresAt: orNone(time),
    lastUsedAt: orNone(time),
    lastUsedAddress: orNone(text),
    revokedAt: orNone(time),
    revokedBy: orNone(text),
    revokedCause: orNone(text),
    parentId: orNone(text),
    rotatedFrom: orNone(text),
    rotatedTo: orNone(text),
  },
  plain,
)

t.test('any token comes back as it was', async () => {
  fc.assert(
    fc.property(anyToken, (token) => {
      const opened = openEntry(ring, 'key', sealEntry(ring, 'key', { ...entry, token }))
      assert.deepStrictEqual(opened, { ...entry, token })
    }),
  )
})

t.test('one changed bit anywhere, or a cut, makes it worthless', async (t) => {
  const sealed = sealEntry(ring, 'key', entry)
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const changed = Buffer.from(sealed)
    changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
    if (openEntry(ring, 'key', changed) !== undefined) t.fail(`bit ${bit} does not matter`)
  }
  for (let length = 0; length < sealed.length; length++) {
    if (openEntry(ring, 'key', sealed.subarray(0, length)) !== undefined) t.fail(`${length} bytes are enough`)
  }
})

t.test('an entry opens under its own key only, and with its own ring only', async (t) => {
  const sealed = sealEntry(ring, 'key', entry)
  t.equal(openEntry(ring, 'another', sealed), undefined)
  const stranger = parseKeyRing(newKeyRing({ now: () => 0 }).reveal())
  t.equal(openEntry(stranger, 'key', sealed), undefined)
})

t.test('a field too few, too many or of another form is no token', async (t) => {
  const good = JSON.parse(JSON.stringify({ ...entry, line: null, token: tokenToJson(entry.token) }))
  const seal = (value: unknown) => ring.seal(JSON.stringify(value), 'key')
  t.ok(openEntry(ring, 'key', seal(good)))
  for (const field of Object.keys(good.token)) {
    const { [field]: _, ...fewer } = good.token
    t.equal(openEntry(ring, 'key', seal({ ...good, token: fewer })), undefined, `without ${field}`)
    const other = { ...good.token, [field]: 0.5 }
    t.equal(openEntry(ring, 'key', seal({ ...good, token: other })), undefined, `${field} of another form`)
  }
  for (const token of [
    { ...good.token, audience: 'x' },
    { ...good.token, kind: 'root' },
    { ...good.token, access: 'admin' },
    { ...good.token, subject: { ...good.token.subject, status: 'unknown' } },
    { ...good.token, bindings: { project: 'pip' } },
    null,
    [],
    'token',
  ]) {
    t.equal(openEntry(ring, 'key', seal({ ...good, token })), undefined)
  }
  for (const field of ['version', 'storedAt', 'until']) {
    t.equal(openEntry(ring, 'key', seal({ ...good, [field]: '7' })), undefined)
  }
  t.ok(openEntry(ring, 'key', seal({ ...good, keyId: null })), 'no key of the ring has part in it')
  t.equal(openEntry(ring, 'key', seal({ ...good, line: 'l1' }))?.line, 'l1')
  for (const text of [undefined, 1, ['k1']]) {
    t.equal(openEntry(ring, 'key', seal({ ...good, keyId: text })), undefined)
    t.equal(openEntry(ring, 'key', seal({ ...good, line: text })), undefined)
  }
  for (const value of ['', 'null', '{', '[]', '7']) {
    t.equal(openEntry(ring, 'key', ring.seal(value, 'key')), undefined)
  }
})
