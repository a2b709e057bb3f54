/**
 * Keys of Django REST Framework API Key.
 * @module
 */

import { pbkdf2Sync } from 'node:crypto'
import t from 'tap'
import { djangoApiKey } from '../../../src/tokens/formats/django-api-key.ts'
import { countingPool, misspelt, vectors } from './vectors.ts'

const [vector] = vectors.drf_api_key
const key = vector?.key ?? ''
const prefix = vector?.prefix ?? ''

/** As Django's hasher writes it. */
function hashOf(text: string, iterations: number, salt = 'pepperAndSalt'): string {
  const hash = pbkdf2Sync(text, salt, iterations, 32, 'sha256').toString('base64')
  return `pbkdf2_sha256$${iterations}$${salt}$${hash}`
}

t.test('agrees with every hash that the library makes', async (t) => {
  t.equal(vectors.drf_api_key.length, 1)
  for (const { key: text, prefix: locator, hashed_key: hash } of vectors.drf_api_key) {
    const { pool, hashed } = countingPool()
    const read = djangoApiKey.read({ prefix: locator, hash })
    t.same(read, { locator, verifier: hash, cost: 1 })
    t.equal(djangoApiKey.recognise(text, pool), locator)
    t.equal(await djangoApiKey.verify(text, hash, pool), true)
    t.equal(await djangoApiKey.verify(misspelt(text), hash, pool), false)
    t.same(hashed, ['sha512', 'sha512'])
  }
})

t.test('older keys are proven with PBKDF2, whatever its iterations', async (t) => {
  const { pool, hashed } = countingPool()
  for (const iterations of [1000, 2600]) {
    const hash = hashOf(key, iterations)
    t.same(djangoApiKey.read({ prefix, hash }), { locator: prefix, verifier: hash, cost: iterations })
    t.equal(await djangoApiKey.verify(key, hash, pool), true)
    t.equal(await djangoApiKey.verify(misspelt(key), hash, pool), false)
  }
  t.same(hashed, ['pbkdf2', 'pbkdf2', 'pbkdf2', 'pbkdf2'])
})

t.test('an unknown prefix costs one hash of the same kind', async (t) => {
  for (const [cost, algorithm] of [
    [1, 'sha512'],
    [1000, 'pbkdf2'],
  ] as const) {
    const { pool, hashed } = countingPool()
    t.equal(await djangoApiKey.verify(key, djangoApiKey.decoy(cost), pool), false)
    t.same(hashed, [algorithm])
  }
})

t.test('only a prefix, one dot and a secret are recognised', async (t) => {
  const { pool } = countingPool()
  for (const other of ['', prefix, `${prefix}.`, `.${key}`, `${key}.x`, `${key} `, `${prefix}.short`]) {
    t.equal(djangoApiKey.recognise(other, pool), undefined, JSON.stringify(other))
  }
})

t.test('says what is wrong with a line, and quotes none of it', async (t) => {
  const hash = vector?.hashed_key
  for (const bad of ['', 'Ab.3', 5, undefined]) {
    t.match(djangoApiKey.read({ prefix: bad, hash }), /^prefix must be/)
  }
  for (const bad of [
    'md5$$d41d8cd98f00b204e9800998ecf8427e',
    'sha512$salt$00',
    hashOf(key, 1000).replace('$1000$', '$999$'),
    hashOf(key, 1000).replace('$1000$', '$2000001$'),
    hashOf(key, 1000).slice(0, -1),
    undefined,
  ]) {
    t.match(djangoApiKey.read({ prefix, hash: bad }), /^hash must be sha512/, String(bad).slice(0, 20))
  }
})

t.test('a verifier that was never written is no wrong secret', async (t) => {
  const { pool } = countingPool()
  await t.rejects(djangoApiKey.verify(key, 'md5$$00', pool) as Promise<boolean>, { message: /unreadable/ })
})
