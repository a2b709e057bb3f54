/**
 * A credential in the query is found in every spelling that some server would read, and cutting it out
 * changes nothing else.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import { splitQuery } from '../../../src/authenticate/query-parameters.ts'

const names = new Set(['key'])

t.test('finds every spelling of the name, and keeps the rest as it came', async (t) => {
  const cases: readonly (readonly [query: string, found: readonly string[], kept: string])[] = [
    ['', [], ''],
    ['?', [], '?'],
    ['?&', [], '?&'],
    ['?a=1', [], '?a=1'],
    ['?key=T', ['T'], ''],
    ['?KEY=T', ['T'], ''],
    ['?k%65y=T', ['T'], ''],
    ['?%6B%45%79=T', ['T'], ''],
    ['?key', [''], ''],
    ['?key=', [''], ''],
    ['?key=a=b', ['a=b'], ''],
    ['?+key%20=T', ['T'], ''],
    ['?a=1&key=T', ['T'], '?a=1'],
    ['?key=T&a=1', ['T'], '?a=1'],
    ['?a&key=1&b&key=2&c', ['1', '2'], '?a&b&c'],
    ['?&key=T&', ['T'], '?&'],
    ['?monkey=1&key2=2&ke=3&k=4', [], '?monkey=1&key2=2&ke=3&k=4'],
    ['?a=key=T', [], '?a=key=T'],
    ['?%zz=1&key%=2', [], '?%zz=1&key%=2'],
    // With `;` in it, what was found is no token: a server that splits there would see another one.
    ['?a=1;key=T', ['a=1;key=T'], ''],
    ['?key=T;a=1', ['T;a=1'], ''],
    ['?a=1;b=2&c=3', [], '?a=1;b=2&c=3'],
    ['?a;k%45y&c', ['a;k%45y'], '?c'],
  ]
  for (const [query, found, kept] of cases) t.strictSame(splitQuery(query, names), { found, kept }, query)
})

t.test('leaves no parameter of that name to a server that splits at & or ;', async () => {
  const piece = fc.constantFrom('key', 'KEY', 'k%65y', '%4bey', '=', '&', ';', '+', '%20', 'a', '%', '?')
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const query = `?${pieces.join('')}`
      const { found, kept } = splitQuery(query, names)
      const left = kept.slice(1).split(/[&;]/).map(read)
      if (left.includes('key')) throw new Error(`${query} keeps ${kept}`)
      if (found.length === 0 && kept !== query) throw new Error(`${query} changed to ${kept}`)
    }),
  )
})

/** The name as a lenient server reads it. */
function read(parameter: string): string | undefined {
  return new URLSearchParams(`&${parameter}`).keys().next().value?.trim().toLowerCase()
}
