/**
 * What a route's condition can say, what it refuses to be, and that whatever it cannot answer is a «no».
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import { type ConditionContext, compileCondition } from '../../../src/authorize/rules/condition.ts'

const hour = 3_600_000
const now = Date.UTC(2026, 4, 1, 12)
const context: ConditionContext = {
  token: {
    id: '0196-a',
    kind: 'build',
    subject: { id: 's1', name: 'test:tester', kind: 'project', status: 'active', createdAt: 0 },
    scopes: ['read', 'write'],
    bindings: { project: ['pip', 'tox'] },
    access: 'read-write',
    networks: undefined,
    paths: undefined,
    description: 'nightly',
    createdAt: now - 2 * hour,
    createdBy: 'cli:root',
    expiresAt: undefined,
    lastUsedAt: undefined,
    lastUsedAddress: undefined,
    revokedAt: undefined,
    revokedBy: undefined,
    revokedCause: undefined,
    parentId: undefined,
    rotatedFrom: undefined,
    rotatedTo: undefined,
  },
  resource: { project: 'pip', version: 'v1.2' },
  facts: { owner: 'pypa' },
  request: { method: 'PUT', host: 'docs.example', path: '/api/pip/v1.2', address: '192.0.2.7', now },
}
const holds = (expression: string, on = context) => compileCondition(expression).evaluate(on)

t.test('decides on the token, its subject, the resource and the request', async (t) => {
  const cases: readonly [string, boolean][] = [
    ['"write" in token.scopes', true],
    ['"admin" in token.scopes', false],
    ['resource.project in token.bindings.project', true],
    ['facts.owner == "pypa"', true],
    ['facts.team == "pypa"', false],
    ['has(facts.team)', false],
    ['token.bindings["project"].exists(p, p.startsWith("to"))', true],
    ['token.kind == "build" && token.access == "read-write"', true],
    ['subject.name == "test:tester" && subject.kind == "project" && subject.status == "active"', true],
    ['request.method in ["PUT", "POST"] && request.host == "docs.example"', true],
    ['request.path.startsWith("/api/") && request.path.split("/")[2] == resource.project', true],
    ['request.address == "192.0.2.7"', true],
    ['request.time - token.createdAt < duration("3h")', true],
    ['request.time - token.createdAt < duration("1h")', false],
    ['request.time.getHours() == 12', true],
    ['token.scopes.filter(s, s != "read").map(s, s + "!") == ["write!"]', true],
  ]
  for (const [expression, expected] of cases) t.equal(holds(expression), expected, expression)
})

t.test('tells a token that expires from one that does not', async (t) => {
  const expiring = { ...context, token: { ...context.token, expiresAt: now + hour } }
  t.equal(holds('has(token.expiresAt)', expiring), true)
  t.equal(holds('token.expiresAt - request.time <= duration("1h")', expiring), true)
  t.equal(holds('has(token.expiresAt)'), false)
  t.equal(holds('!has(token.expiresAt)'), true)
})

t.test('answers no when a field, a binding or a parameter is missing, negated or not', async (t) => {
  for (const expression of [
    'token.expiresAt > request.time',
    '!(token.expiresAt > request.time)',
    '"x" in token.bindings.group',
    '!("x" in token.bindings.group)',
    'resource.account == "a"',
    'resource.account != "a"',
    'token.scopes[7] != "x"',
    '1 / 0 == 1',
  ]) {
    t.equal(holds(expression), false, expression)
  }
})

t.test('finds no field that only JavaScript put there', async (t) => {
  for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
    t.equal(holds(`"${name}" in resource`), false, name)
    t.equal(holds(`resource["${name}"] != "x"`), false, name)
    t.equal(holds(`"${name}" in token.bindings`), false, name)
  }
})

t.test('shows nothing of a token beyond the declared fields, by name or by index', async (t) => {
  t.throws(() => compileCondition('token.createdBy == "cli:root"'), {
    name: 'RangeError',
    message: /createdBy/,
  })
  const index = { ...context, resource: { field: 'createdBy' } }
  t.equal(holds('token[resource.field] == "cli:root"', index), false)
})

t.test('refuses at start, with the words of the parser, what is not a condition', async (t) => {
  const wrong: readonly [string, RegExp][] = [
    ['', /not valid CEL/],
    ['token.scopes ==', /not valid CEL: .*\n[\s\S]*token\.scopes ==/],
    ['tokn.kind == "build"', /Unknown variable: tokn/],
    ['token.kin == "build"', /No such key: kin/],
    ['token.kind == 1', /no such overload: string == int/],
    ['request.headers.size() == 0', /No such key: headers/],
    ['token.kind', /yields string; write one that yields bool/],
    ['dyn(true)', /yields dyn/],
    [`${'true && '.repeat(600)}true`, /longer than 4096 bytes/],
    [`token.kind == "${'é'.repeat(2100)}"`, /longer than 4096 bytes/],
    [`${'('.repeat(200)}true${')'.repeat(200)}`, /not valid CEL: .*maxDepth/],
  ]
  for (const [expression, message] of wrong) {
    t.throws(() => compileCondition(expression), { name: 'RangeError', message }, expression.slice(0, 60))
  }
})

t.test('refuses at start whatever a client could make slow', async (t) => {
  const wrong: readonly [string, RegExp][] = [
    ['request.path.matches("(a+)+$")', /calls matches\(\); write startsWith/],
    ['dyn(request.path).matches("(a+)+$")', /matches/],
    ['token.scopes.exists(s, [s.matches("x")] == [true])', /matches/],
    ['{"a": request.path.matches("x")}["a"]', /matches/],
    ['true ? request.path.matches("x") : false', /matches/],
    ['has(token.id) && !request.path.matches("x")', /matches/],
    ['cel.bind(p, request.path + request.path, p == p)', /calls bind\(\)/],
    ['duration(request.path) > duration("1s")', /text of a duration/],
    ['duration("1" + resource.version) > duration("1s")', /text of a duration/],
    ['token.scopes.all(a, token.scopes.exists(b, a == b))', /exists\(\) within a loop/],
    ['token.scopes.map(a, token.scopes.filter(b, b == a)).size() == 0', /filter\(\) within a loop/],
  ]
  for (const [expression, message] of wrong) {
    t.throws(() => compileCondition(expression), { name: 'RangeError', message }, expression)
  }
})

t.test('is true or false for every request, and never throws', async () => {
  const conditions = [
    'request.path.split("/")[2] == resource.project',
    'request.path.substring(3) == "x" || int(resource.project) > 3',
    'timestamp(resource.project) > token.createdAt',
    'token.bindings[resource.project].exists(p, p == request.path)',
  ].map(compileCondition)
  const text = fc.oneof(fc.string(), fc.constantFrom('', '__proto__', '1', '2026-01-01T00:00:00Z', 'project'))
  fc.assert(
    fc.property(text, text, (path, project) => {
      const on = { ...context, resource: { project }, request: { ...context.request, path } }
      return conditions.every((condition) => typeof condition.evaluate(on) === 'boolean')
    }),
  )
})
