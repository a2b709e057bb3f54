/**
 * What a minted text looks like, and which texts are taken for one.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import { tokenKinds } from '../../../src/tokens/token.ts'
import { isWellFormed, kindOf, newTokenText, tokenTextPattern } from '../../../src/tokens/token-text.ts'

const kinds = fc.constantFrom(...tokenKinds)

t.test('every minted text is well-formed, tells its kind and is found by secret scanners', async (t) => {
  fc.assert(
    fc.property(kinds, (kind) => {
      const text = newTokenText(kind).reveal()
      const [found] = `token="${text}"; next`.match(new RegExp(tokenTextPattern)) ?? []
      return isWellFormed(text) && kindOf(text) === kind && found === text
    }),
  )
  t.equal(new Set(tokenKinds.map((kind) => newTokenText(kind).reveal().slice(0, 4))).size, tokenKinds.length)
})

t.test('one wrong character is noticed, wherever it is', async (t) => {
  const alphabet = [...'0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-']
  fc.assert(
    fc.property(kinds, fc.nat(39), fc.constantFrom(...alphabet), (kind, index, character) => {
      const text = newTokenText(kind).reveal()
      fc.pre(text.charAt(index) !== character)
      const mistyped = text.slice(0, index) + character + text.slice(index + 1)
      return !isWellFormed(mistyped) && kindOf(mistyped) === undefined
    }),
    { numRuns: 2000 },
  )
  t.pass('2,000 mistyped texts were noticed')
})

t.test('no other text is well-formed', async (t) => {
  const text = newTokenText('personal').reveal()
  for (const other of ['', 'spp_', text.slice(1), `${text}0`, `${text}\n`, ` ${text}`, text.toUpperCase()]) {
    t.equal(isWellFormed(other), false, JSON.stringify(other.replace(text, '<text>')))
  }
  fc.assert(fc.property(fc.string(), (other) => !isWellFormed(other)))
})

t.test('the checksum stays what it was when the first tokens were issued', async (t) => {
  t.ok(isWellFormed(`spp_${'0'.repeat(30)}0s1vaD`))
})

t.test('each of the 62 characters is about equally frequent', async (t) => {
  const counts = new Map<string, number>()
  const texts = 4000
  for (let index = 0; index < texts; index++) {
    for (const character of newTokenText('build').reveal().slice(4, 34)) {
      counts.set(character, (counts.get(character) ?? 0) + 1)
    }
  }
  // Mean 1935, standard deviation 44: seven of them in either direction happen once in 10^10 runs.
  const mean = (texts * 30) / 62
  t.equal(counts.size, 62)
  t.ok([...counts.values()].every((count) => Math.abs(count - mean) < 7 * Math.sqrt(mean)))
})
