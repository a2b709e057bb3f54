/**
 * A token covers what all of its bindings and one of its paths cover, and narrowing never adds a place.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import {
  problemOfPlace,
  type StoragePlace,
  spansAccounts,
  spansStorage,
} from '../../../../src/profiles/swift/coverage.ts'
import type { Token } from '../../../../src/tokens/token.ts'
import { token } from '../../authorize/rule-input.ts'

const names = fc.constantFrom('a', 'b', 'ab', '*', 'a/b', 'ä')
const place = fc.record<StoragePlace>(
  { account: names, container: names, object: names },
  { requiredKeys: ['account'] },
)
const values = fc.uniqueArray(fc.constantFrom('a', 'b', '*', 'one', 'two'), { maxLength: 3 })
const bindings = fc.dictionary(fc.constantFrom('account', 'container', 'upstream', 'project'), values)
const paths = fc.option(fc.array(fc.constantFrom('/v1/a', '/v1/a/b', '/v1/ab', '/v1', '/')), {
  nil: undefined,
})
const tokens = fc.record({ bindings, paths }).map((given): Token => ({ ...token, ...given }))

t.test('covers what the bindings and the paths say', async (t) => {
  const photos = { account: ['AUTH_a'], container: ['photos'] }
  const of = (given: Partial<Token>, at: StoragePlace) => problemOfPlace({ ...token, ...given }, at, 'one')
  const object = { account: 'AUTH_a', container: 'photos', object: '2026/a' }
  t.equal(of({ bindings: photos }, object), undefined)
  t.equal(of({ bindings: { account: ['*'] } }, object), undefined)
  t.equal(of({ bindings: { account: ['*'], upstream: ['one'] } }, object), undefined)
  t.equal(of({ bindings: { account: ['AUTH_a'] }, paths: ['/v1/AUTH_a/photos/2026'] }, object), undefined)
  for (const [given, at] of [
    [{ bindings: {} }, object],
    [{ bindings: { account: [] } }, object],
    [{ bindings: { container: ['photos'] } }, object],
    [{ bindings: photos }, { account: 'AUTH_a' }],
    [{ bindings: photos }, { account: 'AUTH_a', container: 'Photos' }],
    [{ bindings: photos }, { account: 'auth_a', container: 'photos' }],
    [{ bindings: { account: ['*'], upstream: ['two'] } }, object],
    [{ bindings: { account: ['*'], project: ['*'] } }, object],
    [{ bindings: { account: ['*'] }, paths: [] }, object],
    [{ bindings: { account: ['*'] }, paths: ['/v1/AUTH_a/photos/202'] }, object],
    [
      { bindings: { account: ['*'] }, paths: ['/v1/AUTH_a/photos/2026'] },
      { account: 'AUTH_a', container: 'photos' },
    ],
  ] as const) {
    t.type(of(given, at), 'string', JSON.stringify([given, at]))
  }
})

t.test('a token that spans the storage covers every place, and one that does not says why', async (t) => {
  fc.assert(
    fc.property(tokens, place, (given, at) => {
      const problem = problemOfPlace(given, at, 'one')
      if (spansStorage(given, 'one')) {
        t.ok(spansAccounts(given))
        if (at.container !== undefined) return problem === undefined
      }
      const accounts = given.bindings.account ?? []
      return problem !== undefined || accounts.includes('*') || accounts.includes(at.account)
    }),
  )
})

t.test('one more binding or path covers no place that was not covered before', async () => {
  fc.assert(
    fc.property(tokens, place, fc.constantFrom('container', 'upstream'), values, (given, at, key, more) => {
      fc.pre(given.bindings[key] === undefined)
      const narrower = { ...given, bindings: { ...given.bindings, [key]: more } }
      if (problemOfPlace(narrower, at, 'one') === undefined)
        return problemOfPlace(given, at, 'one') === undefined
      return true
    }),
  )
})
