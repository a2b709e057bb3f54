/**
 * How the texts of options are read.
 * @module
 */

import { InvalidArgumentError } from 'commander'
import t from 'tap'
import {
  actorArgument,
  bindingArgument,
  collect,
  collectBinding,
  durationArgument,
  limitArgument,
  remarkArgument,
  spanArgument,
} from '../../../src/cli/options.ts'

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

t.test('a key that every object has is a key like any other', async (t) => {
  const one = collectBinding('constructor=a', collectBinding('project=pip', undefined))
  t.same(collectBinding('constructor=b', one), { project: ['pip'], constructor: ['a', 'b'] })
  const odd = collectBinding('__proto__=a', collectBinding('project=pip', undefined))
  t.same(Object.keys(odd), ['project', '__proto__'])
})

t.test('who does something, and why, is one line without control characters', async (t) => {
  t.equal(actorArgument('cli:root'), 'cli:root')
  t.equal(remarkArgument('laptop lost – ünï'), 'laptop lost – ünï')
  t.equal(remarkArgument(''), '')
  for (const text of ['', 'a\u001b[2J', 'a\nb', 'a'.repeat(257)]) {
    t.throws(() => actorArgument(text), InvalidArgumentError, text)
  }
  for (const text of ['a\nb', '\u001b]0;x\u0007', '\u009b2J', 'a'.repeat(257)]) {
    t.throws(() => remarkArgument(text), InvalidArgumentError, text)
  }
})

t.test('a binding to look for is one key and one value, whatever the value holds', async (t) => {
  t.same(bindingArgument('project=a=b'), { key: 'project', value: 'a=b' })
  for (const text of ['', '=', 'a', 'a=', '=a'])
    t.throws(() => bindingArgument(text), InvalidArgumentError, text)
})

t.test('an overlap may be nothing, and must be a duration', async (t) => {
  t.equal(spanArgument('0s'), 0)
  t.equal(spanArgument('24h'), 86_400_000)
  for (const text of ['', '0', '-1h', '99999999999999999999d'])
    t.throws(() => spanArgument(text), InvalidArgumentError, text)
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
