/**
 * GoCD's access tokens.
 * @module
 */

import t from 'tap'
import { gocd, mintGocdToken, verifyGocdSecret } from '../../../src/tokens/formats/gocd.ts'
import { countingPool, misspelt, vectors } from './vectors.ts'

t.test('agrees with every hash that GoCD makes', async (t) => {
  t.equal(vectors.gocd.length, 2)
  const { pool } = countingPool()
  for (const { secret, salt, value } of vectors.gocd) {
    t.equal(await verifyGocdSecret(secret, `${salt}$${value}`, pool), true, secret)
    t.equal(await verifyGocdSecret(misspelt(secret), `${salt}$${value}`, pool), false)
  }
})

t.test('a token is found by its salt id and proven by the rest', async (t) => {
  const { pool } = countingPool()
  const [, vector] = vectors.gocd
  const text = vector?.display_token ?? ''
  const read = gocd.read({ saltId: vector?.salt_id, salt: vector?.salt, hash: vector?.value })
  if (typeof read === 'string') throw new Error(read)
  t.equal(gocd.recognise(text, pool), read.locator)
  t.equal(await gocd.verify(text, read.verifier, pool), true)
  t.equal(await gocd.verify(misspelt(text), read.verifier, pool), false)
  t.equal(read.cost, 4096)
})

t.test('only 40 lower-case hex digits are recognised', async (t) => {
  const { pool, hashed } = countingPool()
  const text = vectors.gocd[1]?.display_token ?? ''
  for (const other of [text.slice(1), `${text}0`, text.toUpperCase(), ` ${text}`, `${text}\n`, '']) {
    t.equal(gocd.recognise(other, pool), undefined, JSON.stringify(other))
  }
  t.same(hashed, [], 'recognising costs no hash')
})

t.test('an unknown salt id costs what a known one costs', async (t) => {
  const text = vectors.gocd[1]?.display_token ?? ''
  const { pool, hashed } = countingPool()
  t.equal(await gocd.verify(text, gocd.decoy(4096), pool), false)
  t.same(hashed, ['pbkdf2'])
})

t.test('says what is wrong with a line, and quotes none of it', async (t) => {
  const good = { saltId: '30bd353a', salt: '0011223344', hash: 'f'.repeat(64) }
  t.not(typeof gocd.read(good), 'string')
  for (const [field, bad] of [
    ['saltId', '30BD353A'],
    ['saltId', undefined],
    ['salt', 'with$dollar'],
    ['salt', 7],
    ['hash', 'F'.repeat(64)],
    ['hash', 'f'.repeat(63)],
  ] as const) {
    t.match(gocd.read({ ...good, [field]: bad }), new RegExp(`^${field} must be`), `${field} ${bad}`)
  }
})

t.test('a verifier that was never written is no wrong secret', async (t) => {
  const { pool } = countingPool()
  const text = vectors.gocd[1]?.display_token ?? ''
  await t.rejects(gocd.verify(text, 'nonsense', pool) as Promise<boolean>, { message: /unreadable/ })
})

t.test('a token that is made is one that would be recognised and proven', async (t) => {
  const { pool } = countingPool()
  const [{ text, hash }, other] = [await mintGocdToken(pool), await mintGocdToken(pool)]
  t.match(text.reveal(), /^[0-9a-f]{40}$/)
  t.equal(gocd.recognise(text.reveal(), pool), hash.locator)
  t.equal(await gocd.verify(text.reveal(), hash.verifier, pool), true)
  t.equal(await gocd.verify(misspelt(text.reveal()), hash.verifier, pool), false)
  const [saltHex, value] = hash.verifier.split('$')
  t.same(
    gocd.read({ saltId: hash.locator, salt: saltHex, hash: value }),
    hash,
    'as an import line would have it',
  )
  t.not(other.text.reveal(), text.reveal())
})
