/**
 * Each rule by itself: what it admits, and that an empty list, a missing key or an unknown word admits nobody.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import { compileAccessRule } from '../../../src/authorize/rules/access.ts'
import { compileBindingRule } from '../../../src/authorize/rules/binding.ts'
import { compileKindRule } from '../../../src/authorize/rules/kind.ts'
import { compileRouteNetworkRule, tokenNetworkRule } from '../../../src/authorize/rules/network.ts'
import { tokenPathRule } from '../../../src/authorize/rules/path.ts'
import type { Rule, RuleInput } from '../../../src/authorize/rules/rule.ts'
import { compileScopeRule } from '../../../src/authorize/rules/scope.ts'
import {
  type Access,
  accessLevels,
  type Token,
  type TokenKind,
  tokenKinds,
} from '../../../src/tokens/token.ts'
import { addressOf, requestOf, token } from './rule-input.ts'

type Change = Partial<Omit<RuleInput, 'token' | 'resource'> & RuleInput['resource']> & {
  readonly token?: Partial<Token>
}

/** The refusal's code, or `undefined` where the rule has no objection. */
function codeOf(
  rule: Rule,
  { token: change, path = '/v1/a', parameters = {}, ...rest }: Change = {},
): string | undefined {
  return rule({
    request: requestOf('GET', path),
    resource: { parameters, path },
    client: addressOf('192.0.2.1'),
    ...rest,
    token: { ...token, ...change },
  })?.code
}

t.test('a kind passes only when it is named', async (t) => {
  fc.assert(
    fc.property(fc.subarray([...tokenKinds]), fc.constantFrom(...tokenKinds), (kinds, kind) => {
      const expected = kinds.includes(kind) ? undefined : 'kind_not_allowed'
      return codeOf(compileKindRule(kinds), { token: { kind } }) === expected
    }),
  )
  const unknown = 'toString' as TokenKind
  t.equal(codeOf(compileKindRule([...tokenKinds]), { token: { kind: unknown } }), 'kind_not_allowed')
})

t.test('all of one list and any of the other are needed; an empty «any» is met by nobody', async (t) => {
  const scope = fc.constantFrom('read', 'write', 'admin', '')
  fc.assert(
    fc.property(
      fc.array(scope),
      fc.option(fc.array(scope), { nil: undefined }),
      fc.option(fc.array(scope), { nil: undefined }),
      (scopes, allOf, anyOf) => {
        const hasAll = (allOf ?? []).every((wanted) => scopes.includes(wanted))
        const hasAny = anyOf === undefined || anyOf.some((wanted) => scopes.includes(wanted))
        const expected = hasAll && hasAny ? undefined : 'insufficient_scope'
        return codeOf(compileScopeRule({ allOf, anyOf }, 'Bearer'), { token: { scopes } }) === expected
      },
    ),
  )
  t.equal(codeOf(compileScopeRule({ anyOf: [] }, 'Bearer')), 'insufficient_scope')
  for (const scopes of [['Read'], ['rea'], ['read '], ['*'], ['read,write']]) {
    t.equal(
      codeOf(compileScopeRule({ allOf: ['read'] }, 'Bearer'), { token: { scopes } }),
      'insufficient_scope',
    )
  }
})

t.test('a binding must name the very value that the path names', async (t) => {
  const rule = compileBindingRule({ project: '{project}' }, [], ['project'])
  const bound = (project: readonly string[], value: string) =>
    codeOf(rule, { token: { bindings: { project } }, parameters: { project: value } })
  t.equal(bound(['pip'], 'pip'), undefined)
  t.equal(bound(['tox', 'pip'], 'pip'), undefined)
  t.equal(bound(['*'], 'pip'), undefined)
  for (const value of ['PIP', 'pi', 'pipx', 'tox', '*', '', '__proto__']) {
    t.equal(bound(['pip'], value), 'binding_mismatch', value)
  }
  t.equal(bound(['p*'], 'pip'), 'binding_mismatch', 'a star is no wildcard within a value')
  t.equal(bound([], 'pip'), 'binding_mismatch', 'no values')
  t.equal(codeOf(rule, { parameters: { project: 'pip' } }), 'binding_mismatch', 'no such key')
})

t.test('a key that only JavaScript put there is no binding', async (t) => {
  for (const key of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
    t.equal(codeOf(compileBindingRule({ [key]: 'x' }, [], [])), 'binding_mismatch', key)
  }
})

t.test(
  'a token bound to what the route does not look at is refused, unless the route says otherwise',
  async (t) => {
    const bindings = { project: ['pip'], container: ['logs'] }
    const codeWith = (wanted: Record<string, string>, ignored: string[]) =>
      codeOf(compileBindingRule(wanted, ignored, []), { token: { bindings } })
    t.equal(codeWith({ project: 'pip' }, []), 'binding_mismatch')
    t.equal(codeWith({ project: 'pip' }, ['container']), undefined)
    t.equal(codeWith({ project: 'pip' }, ['*']), undefined)
    t.equal(codeWith({ project: 'pip', container: 'logs' }, []), undefined)
    t.equal(codeWith({}, []), 'binding_mismatch')
    t.equal(codeWith({}, ['project']), 'binding_mismatch')
    t.equal(codeWith({}, ['project', 'container']), undefined)
    t.equal(codeWith({ project: 'tox' }, ['*']), 'binding_mismatch', 'what is looked at still counts')
    t.equal(codeWith({ group: 'g' }, ['*']), 'binding_mismatch', 'and so does what is missing')
  },
)

t.test(
  'a template is text with parameters of the path, and an unknown one is an error at start',
  async (t) => {
    const rule = compileBindingRule({ image: '{org}/{name}:v1' }, [], ['org', 'name'])
    const code = (image: string) =>
      codeOf(rule, { token: { bindings: { image: [image] } }, parameters: { org: 'a', name: 'b' } })
    t.equal(code('a/b:v1'), undefined)
    for (const image of ['a/b', 'a/b:v2', '{org}/{name}:v1', 'b/a:v1'])
      t.equal(code(image), 'binding_mismatch')
    for (const template of ['{nam}', '{}', 'x-{org}', '{org}{other}']) {
      t.throws(() => compileBindingRule({ image: template }, [], ['name']), { name: 'RangeError' }, template)
    }
  },
)

const reading = ['GET', 'HEAD', 'OPTIONS']
const writing = [
  ...['POST', 'PUT', 'PATCH', 'DELETE', 'COPY', 'MOVE', 'MKCOL', 'LOCK', 'PROPFIND', 'PROPPATCH', 'REPORT'],
  ...['SEARCH', 'M-SEARCH', 'QUERY', 'SUBSCRIBE', 'PURGE', 'LINK', 'get', 'Head', '', 'TRACE', 'CONNECT'],
]

t.test('access must suffice for the method, and every method that is not known to read writes', async (t) => {
  const admitted = (method: string) =>
    accessLevels.filter(
      (access) =>
        codeOf(compileAccessRule('by-method'), { token: { access }, request: requestOf(method) }) ===
        undefined,
    )
  for (const method of reading) t.strictSame(admitted(method), ['read-only', 'read-write', 'owner'], method)
  for (const method of writing) t.strictSame(admitted(method), ['read-write', 'owner'], method)
})

t.test('where a route names the access, the method does not matter', async (t) => {
  const admitted = (needed: Exclude<Access, 'none'>, method: string) =>
    accessLevels.filter(
      (access) =>
        codeOf(compileAccessRule(needed), { token: { access }, request: requestOf(method) }) === undefined,
    )
  for (const method of ['GET', 'DELETE', 'PROPFIND']) {
    t.strictSame(admitted('read-only', method), ['read-only', 'read-write', 'owner'])
    t.strictSame(admitted('read-write', method), ['read-write', 'owner'])
    t.strictSame(admitted('owner', method), ['owner'])
  }
  const access = 'superuser' as Access
  t.equal(
    codeOf(compileAccessRule('read-only'), { token: { access } }),
    'insufficient_access',
    'an unknown one',
  )
})

t.test('networks admit what they name; an empty list, nobody', async (t) => {
  const cases: readonly (readonly [networks: readonly string[], client: string, isAdmitted: boolean])[] = [
    [['192.0.2.0/24'], '192.0.2.255', true],
    [['192.0.2.0/24'], '192.0.3.0', false],
    [['192.0.2.0/24'], '::ffff:192.0.2.7', true],
    [['::ffff:192.0.2.0/120'], '192.0.2.7', true],
    [['0.0.0.0/0'], '::1', false],
    [['::/0'], '192.0.2.7', false],
    [['2001:db8::/32'], '2001:db8:ffff::1', true],
    [['2001:db8::/32'], '2001:db9::1', false],
    [['198.51.100.7', '2001:db8::1'], '2001:db8:0:0::1', true],
    [[], '192.0.2.7', false],
  ]
  for (const [networks, text, isAdmitted] of cases) {
    const client = addressOf(text)
    const expected = isAdmitted ? undefined : 'network_not_allowed'
    t.equal(codeOf(compileRouteNetworkRule(networks), { client }), expected, `route ${networks} ${text}`)
    t.equal(codeOf(tokenNetworkRule, { client, token: { networks } }), expected, `token ${networks} ${text}`)
  }
  t.equal(codeOf(tokenNetworkRule, { token: { networks: undefined } }), undefined)
  for (const networks of [['192.0.2.1', 'anywhere'], ['']]) {
    t.equal(codeOf(tokenNetworkRule, { token: { networks } }), 'network_not_allowed', 'an unreadable list')
    t.equal(codeOf(tokenNetworkRule, { token: { networks } }), 'network_not_allowed', 'at every request')
  }
})

t.test('a path is covered by whole segments, in no spelling that leads elsewhere', async (t) => {
  const cases: readonly (readonly [
    paths: readonly string[] | undefined,
    path: string,
    isCovered: boolean,
  ])[] = [
    [undefined, '/anything', true],
    [[], '/', false],
    [['/'], '/x/y', true],
    [['/v1/a'], '/v1/a', true],
    [['/v1/a'], '/v1/a/', true],
    [['/v1/a'], '/v1/a/b', true],
    [['/v1/a/'], '/v1/a/b', true],
    [['/v1/a/'], '/v1/a', false],
    [['/v1/a'], '/v1/ab', false],
    [['/v1/a'], '/v1', false],
    [['/v1/a'], '/V1/a', false],
    [['/v1/b', '/v1/a'], '/v1/a/c', true],
    [['/v1/a'], '/v1/a%2Fb', false],
    [['/v1/a'], '/v1/a/../b', false],
    [['/v1/a'], '/v1/a/%2e%2e/b', false],
    [['/v1/a'], '/v1/a/x%2f..%2f..%2fb', false],
    [['/v1/a'], '/v1/a/..;/b', false],
    [['/v1/a'], '/v1/a/x\\..\\..\\b', false],
    [['/v1/a'], '/v1/a//b', false],
    [['/v1/a'], '/v1/%61/b', true],
    [['/v1/a%20b'], '/v1/a%20b/c', true],
  ]
  for (const [paths, path, isCovered] of cases) {
    const expected = isCovered ? undefined : 'path_not_allowed'
    t.equal(codeOf(tokenPathRule, { path, token: { paths } }), expected, `${paths} ${path}`)
  }
})
