/**
 * JSON pointers find what RFC 6901 says, and a fact is only what every reader takes for the same text.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import { compilePointer, factAt, parseJson } from '../../../src/facts/json-pointer.ts'

const at = (document: unknown, pointer: string) => factAt(document, compilePointer(pointer))

t.test('the examples of RFC 6901 that yield one value', async (t) => {
  const document = {
    foo: ['bar', 'baz'],
    '': 0,
    'a/b': 1,
    'c%d': 2,
    'e^f': 3,
    'g|h': 4,
    'i\\j': 5,
    'k"l': 6,
    ' ': 7,
    'm~n': 8,
  }
  const expected = { '/foo/0': 'bar', '/': '0', '/a~1b': '1', '/c%d': '2', '/e^f': '3', '/g|h': '4' }
  for (const [pointer, fact] of Object.entries(expected)) t.equal(at(document, pointer), fact, pointer)
  t.equal(at(document, '/i\\j'), '5')
  t.equal(at(document, '/k"l'), '6')
  t.equal(at(document, '/ '), '7')
  t.equal(at(document, '/m~0n'), '8')
  t.equal(at(document, '/foo'), undefined)
})

t.test('what is not its own member, or not one plain value, is no fact', async (t) => {
  const document = { list: [1], text: 'abc', none: null, big: 2 ** 53, half: 0.5, no: false, empty: '' }
  for (const pointer of [
    '/constructor',
    '/constructor/name',
    '/__proto__/x',
    '/list/length',
    '/text/0',
    '/text/length',
  ])
    t.equal(at(document, pointer), undefined, pointer)
  for (const pointer of [
    '/none',
    '/big',
    '/half',
    '/no',
    '/empty',
    '/list',
    '/list/01',
    '/list/-',
    '/nothing',
  ])
    t.equal(at(document, pointer), undefined, pointer)
})

t.test('every text and whole number is found where it was put, whatever the names on the way', async () => {
  const name = fc.string({ unit: 'grapheme' })
  const value = fc.oneof(fc.string({ minLength: 1, unit: 'grapheme' }), fc.maxSafeInteger())
  fc.assert(
    fc.property(fc.array(name, { minLength: 1, maxLength: 5 }), value, (names, put) => {
      const document = names.reduceRight<unknown>((inner, each) => ({ [each]: inner }), put)
      const pointer = names.map((each) => `/${each.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
      const written = parseJson(Buffer.from(JSON.stringify(document)))
      return at(written, pointer) === String(put)
    }),
  )
})

t.test('bytes that are no JSON in UTF-8 are nothing', async (t) => {
  for (const bytes of ['', '{', '\ufeff{}', 'NaN', "{'a':1}"])
    t.equal(parseJson(Buffer.from(bytes)), undefined, bytes)
  t.equal(parseJson(Buffer.from([0x22, 0xff, 0x22])), undefined)
})
