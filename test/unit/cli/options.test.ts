/**
 * How the texts of options are read.
 * @module
 */

import { InvalidArgumentError } from 'commander'
import t from 'tap'
import { collect, collectBinding, durationArgument, limitArgument } from '../../../src/cli/options.ts'

t.test('a repeated option keeps every value, in order', async (t) => {
  t.same(collect('b', collect('a', undefined)), ['a', 'b'])
})

t.test('bindings gather the values of each key', async (t) => {
  const one = collectBinding('account=AUTH_demo', undefined)
  const two = collectBinding('project=a=b', one)
  t.same(collectBinding('account=other', two), { account: ['AUTH_demo', 'other'], project: ['a=b'] })
  for (const text of ['', '=', 'a', 'a=', '=a'])
    t.throws(() => collectBinding(text, {}), InvalidArgumentError, text)
})

t.test('a lifetime is a duration that ends after now', async (t) => {
  t.equal(durationArgument('3h'), 10_800_000)
  for (const text of ['', '3', '0h', '-1h', '1.5h', '3 h', '99999999999999999999d']) {
    t.throws(() => durationArgument(text), InvalidArgumentError, text)
  }
})

t.test('a page has 1 to 1000 rows', async (t) => {
  t.equal(limitArgument('1000'), 1000)
  for (const text of ['0', '1001', '-1', '1e2', ' 5', ''])
    t.throws(() => limitArgument(text), InvalidArgumentError, text)
})
