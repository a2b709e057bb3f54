/**
 * What may be derived from a token: nothing that opens a door which the token itself does not open.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import { compileAccessRule } from '../../../src/authorize/rules/access.ts'
import { compileBindingRule } from '../../../src/authorize/rules/binding.ts'
import { tokenNetworkRule } from '../../../src/authorize/rules/network.ts'
import { tokenPathRule } from '../../../src/authorize/rules/path.ts'
import type { RuleInput } from '../../../src/authorize/rules/rule.ts'
import { compileScopeRule } from '../../../src/authorize/rules/scope.ts'
import { networkCovers } from '../../../src/client-address/network-covers.ts'
import { type DerivedRights, deriveProblems } from '../../../src/tokens/life/derive-problems.ts'
import { accessLevels, type Token } from '../../../src/tokens/token.ts'
import { addressOf, requestOf, token } from '../authorize/rule-input.ts'

const parent: Token = {
  ...token,
  scopes: ['a', 'b'],
  bindings: { project: ['pip', 'flask'], account: ['*'] },
  networks: ['10.0.0.0/8', '2001:db8::/32'],
  paths: ['/v1', '/v2/a'],
}
const problemsOf = (change: Partial<DerivedRights>, from = parent) =>
  deriveProblems(from, { ...rightsOf(from), ...change }, networkCovers)

function rightsOf({ kind, scopes, bindings, access, networks, paths }: Token): DerivedRights {
  return { kind, scopes, bindings, access, networks, paths }
}

t.test('the same rights, and fewer, may be derived', async (t) => {
  const fewer: Partial<DerivedRights>[] = [
    {},
    { kind: 'session' },
    { scopes: [] },
    { access: 'none' },
    { bindings: { project: ['pip'], account: ['AUTH_x'] } },
    { networks: [] },
    { networks: ['10.1.0.0/16', '2001:db8:1::/48', '10.2.3.4'] },
    { paths: ['/v1/x', '/v2/a'] },
    { paths: [] },
    { lifetimeMs: 12 * 3_600_000 },
  ]
  for (const change of fewer) t.same(problemsOf(change), [], JSON.stringify(change))
  const free: Token = { ...parent, networks: undefined, paths: undefined }
  t.same(problemsOf({ networks: ['0.0.0.0/0'], paths: ['/'] }, free), [])
})

t.test('each right that the parent lacks is refused in one sentence', async (t) => {
  const more: [change: Partial<DerivedRights>, sentence: RegExp][] = [
    [{ kind: 'admin' }, /^kind must be personal/],
    [{ scopes: ['a', 'c'] }, /^scope «c» is not/],
    [{ access: 'owner' }, /^access exceeds read-write/],
    [{ bindings: { project: ['pip', 'other'], account: ['*'] } }, /^binding «project=other»/],
    [{ bindings: { project: ['*'], account: ['*'] } }, /^binding «project=\*»/],
    [{ bindings: { project: ['pip'] } }, /^the parent is bound by «account»/],
    [{ bindings: { ...parent.bindings, group: ['x'] } }, /^the parent has no binding «group»/],
    [{ bindings: { ...parent.bindings, toString: ['x'] } }, /no binding «toString»/],
    [{ networks: undefined }, /^the parent is narrowed by network/],
    [{ networks: ['10.0.0.0/7'] }, /^network «10.0.0.0\/7»/],
    [{ networks: ['::/0'] }, /^network «::\/0»/],
    [{ networks: ['11.0.0.1'] }, /^network «11.0.0.1»/],
    [{ networks: ['anything'] }, /^network «anything»/],
    [{ paths: undefined }, /^the parent is narrowed by path/],
    [{ paths: ['/v11'] }, /^path «\/v11»/],
    [{ paths: ['/v2'] }, /^path «\/v2»/],
    [{ paths: ['/'] }, /^path «\/»/],
    [{ lifetimeMs: 12 * 3_600_000 + 1 }, /lives at most 12 hours/],
  ]
  for (const [change, sentence] of more) {
    const problems = problemsOf(change)
    t.equal(problems.length, 1, JSON.stringify(change))
    t.match(problems[0], sentence)
  }
})

t.test('nothing is derived from what is public or passes every rule', async (t) => {
  t.match(problemsOf({ kind: 'session' }, { ...parent, kind: 'dsn' }), [/^nothing is derived from a dsn/])
  t.match(problemsOf({}, { ...parent, kind: 'system' }), [/^nothing is derived from a system/])
})

t.test('no route admits a derived token that would refuse its parent', async (t) => {
  const some = <T>(...values: T[]) => fc.subarray(values)
  const optional = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: undefined })
  const values = fc.subarray(['x', 'y', '*'], { minLength: 1 })
  const rights = fc.record({
    scopes: some('a', 'b'),
    bindings: fc.record({ project: values, account: values }, { requiredKeys: [] }),
    access: fc.constantFrom(...accessLevels),
    networks: optional(some('10.0.0.0/8', '10.1.0.0/16', '10.1.2.3', '0.0.0.0/0', '::/0')),
    paths: optional(some('/', '/v1', '/v1/a', '/v11')),
  })
  const rules = fc.record({
    scopes: some('a', 'b'),
    bindings: fc.dictionary(fc.constantFrom('project', 'account'), fc.constantFrom('x', 'y')),
    ignored: some('project', 'account', '*'),
    access: fc.constantFrom('by-method', 'read-only', 'read-write', 'owner'),
    client: fc.constantFrom('10.1.2.3', '10.2.0.1', '192.0.2.1', '2001:db8::1'),
    path: fc.constantFrom('/', '/v1', '/v1/a/b', '/v11'),
  })
  let admitted = 0
  fc.assert(
    fc.property(rights, rights, rules, (held, asked, route) => {
      const [elder, child] = [
        { ...token, ...held },
        { ...token, ...asked },
      ]
      if (deriveProblems(elder, rightsOf(child), networkCovers).length > 0) return
      const compiled = [
        compileScopeRule({ allOf: route.scopes }, 'Bearer'),
        compileBindingRule(route.bindings, route.ignored, []),
        compileAccessRule(route.access),
        tokenNetworkRule,
        tokenPathRule,
      ]
      const input = {
        request: requestOf('PUT', route.path),
        resource: { parameters: {}, path: route.path },
        client: addressOf(route.client),
      } satisfies Omit<RuleInput, 'token'>
      for (const rule of compiled) {
        if (rule({ ...input, token: child }) !== undefined) continue
        admitted++
        if (rule({ ...input, token: elder }) !== undefined) throw new Error('the parent is refused')
      }
    }),
    { numRuns: 20_000 },
  )
  t.ok(admitted > 1_000, `${admitted} admissions were compared`)
})
