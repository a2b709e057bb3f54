/**
 * Tokens of which only SHA-256 was kept.
 * @module
 */

import { createHash } from 'node:crypto'
import t from 'tap'
import { sha256 } from '../../../src/tokens/formats/sha256.ts'
import { countingPool, misspelt } from './vectors.ts'

const text = 'sntryu_5f2d0e9b7c1a48d3'
const digest = createHash('sha256').update(text).digest('hex')

t.test('the digest is looked up and compared', async (t) => {
  const { pool } = countingPool()
  t.same(sha256.read({ hash: digest }), { locator: digest, verifier: digest, cost: 1 })
  t.equal(sha256.recognise(text, pool), digest)
  t.equal(await sha256.verify(text, digest, pool), true)
  t.equal(await sha256.verify(misspelt(text), digest, pool), false)
  t.equal(await sha256.verify(text, sha256.decoy(1), pool), false)
})

t.test('texts that can be guessed, and texts that no token has, are not recognised', async (t) => {
  const { pool, hashed } = countingPool()
  for (const other of ['', 'hunter2', 'a'.repeat(19), 'a'.repeat(513), `${text} `, `${text}\n`, `é${text}`]) {
    t.equal(sha256.recognise(other, pool), undefined, JSON.stringify(other.slice(0, 30)))
  }
  t.same(hashed, [])
})

t.test('says what is wrong with a line', async (t) => {
  for (const bad of [undefined, 7, digest.toUpperCase(), digest.slice(1), `${digest}\n`]) {
    t.match(sha256.read({ hash: bad }), /^hash must be 64/)
  }
  t.throws(() => sha256.verify(text, 'nonsense', countingPool().pool), { message: /unreadable/ })
})
