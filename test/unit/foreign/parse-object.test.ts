/**
 * One JSON object, in which no name stands twice.
 * @module
 */

import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { parseObject } from '../../../src/tokens/foreign/parse-object.ts'

t.test('an object without repeated names is what JSON.parse makes of it', async () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.nat(3), (value, indent) => {
      const text = JSON.stringify(value, undefined, indent)
      assert.deepEqual(parseObject(text), JSON.parse(text))
    }),
  )
})

t.test('a repeated name is found at any depth, however it is written', async () => {
  fc.assert(
    fc.property(fc.string(), fc.jsonValue(), fc.nat(4), (name, value, depth) => {
      const twice = `{${JSON.stringify(name)}:${JSON.stringify(value)},${escaped(name)} : 1}`
      const text = `{"a":${'[{"a":'.repeat(depth)}${twice}${'}]'.repeat(depth)}}`
      assert.equal(parseObject(text), 'a name stands twice in one object')
    }),
  )
})

t.test('a name may come back in another object, and in a text', async (t) => {
  const value = { a: [{ a: 1 }, { a: 2 }], b: '{"a":1,"a":2}', c: { a: '"a":' } }
  t.same(parseObject(JSON.stringify(value)), value)
})

t.test('anything else is no object, and is not quoted', async (t) => {
  for (const text of ['', 'secret', '[]', 'null', '1', '"{}"', '{"a":1', '{"a":1}{}']) {
    t.equal(parseObject(text), 'expected one JSON object')
  }
})

function escaped(name: string): string {
  const units = Array.from({ length: name.length }, (_, at) => name.charCodeAt(at))
  return `"${units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')}"`
}
