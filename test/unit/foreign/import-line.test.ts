/**
 * What a line of an import may say, and what is said of one that is wrong.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import { readImportLine } from '../../../src/tokens/foreign/import-line.ts'

const now = Date.UTC(2026, 0, 31)
const context = { now, isNetwork: (text: string) => text === '10.0.0.0/8', createdBy: 'tester' }
const read = (line: unknown) => readImportLine(JSON.stringify(line), context)

const hash = 'ab'.repeat(32)
const least = { format: 'sha256', hash, kind: 'personal', subject: 'alice' }
const dsn = { format: 'sentry-dsn', publicKey: '0'.repeat(32), kind: 'dsn', subject: 'web' }

t.test('the least that a line has to say grants the least', async (t) => {
  t.same(read(least), {
    format: 'sha256',
    hash: { locator: hash, verifier: hash, cost: 1 },
    request: { kind: 'personal', subject: 'alice', createdBy: 'tester' },
    isExpired: false,
  })
})

t.test('everything that a token may have is taken over', async (t) => {
  const rights = {
    subjectKind: 'organization',
    scopes: ['project:read'],
    bindings: { project: ['pip', 'other'] },
    access: 'owner',
    networks: ['10.0.0.0/8'],
    paths: ['/v1'],
    description: 'of the old days',
  }
  const line = read({ ...least, ...rights, expires: '2026-02-01T01:00:00.123456+01:00' })
  t.match(line, { request: { ...rights, lifetimeMs: 86_400_123 } })
})

t.test('null is as good as nothing', async (t) => {
  const nothing = { networks: null, paths: null, expires: null, description: null, scopes: null }
  t.same(read({ ...least, ...nothing }), read(least))
})

t.test('a token that has expired is no problem', async (t) => {
  t.match(read({ ...least, expires: '2026-01-31T00:00:00Z' }), { isExpired: true })
  t.match(read({ ...least, expires: '2026-01-31T00:00:01Z' }), { isExpired: false })
})

t.test('a key of Django REST Framework API Key is good in the very moment of its expiry', async (t) => {
  const key = { format: 'django-api-key', prefix: 'abcdefgh', hash: `sha512$$${'ab'.repeat(64)}` }
  const line = { ...key, kind: 'build', subject: 'pip' }
  t.match(read({ ...line, expires: '2026-01-31T00:00:00.000Z' }), {
    isExpired: false,
    request: { lifetimeMs: 1 },
  })
  t.match(read({ ...line, expires: '2026-01-30T23:59:59.999Z' }), { isExpired: true })
})

t.test('everything that is wrong with a line is said', async (t) => {
  const cases: readonly (readonly [object | string, RegExp])[] = [
    ['no object', /one JSON object/],
    [{ ...least, format: 'md5' }, /format must be one of sentry-dsn, sha256, django-api-key, gocd/],
    [{ ...least, kind: undefined }, /kind is missing/],
    [{ ...least, subject: undefined }, /subject is missing/],
    [{ ...least, kind: 'wizard' }, /kind must be one of/],
    [{ ...least, kind: 'system' }, /made by the gateway itself/],
    [{ ...least, subject: 'a b' }, /subject must be/],
    [{ ...least, access: 'admin' }, /access must be one of/],
    [{ ...least, scopes: 'read' }, /scopes must be a list/],
    [{ ...least, scopes: [1] }, /scopes must be a list/],
    [{ ...least, bindings: { project: 'pip' } }, /bindings must be lists/],
    [{ ...least, bindings: { project: [] } }, /binding «project» must have values/],
    [{ ...least, networks: ['10.0.0.1/8'] }, /is not a canonical CIDR block/],
    [{ ...least, expires: '2026-02-31' }, /expires must be a time/],
    [{ ...least, expires: 1769817600 }, /expires must be a time/],
    [{ ...least, expires: '2026-13-01T00:00:00Z' }, /expires must be a time/],
    [{ ...least, kind: 'build', expires: '2026-06-01T00:00:00Z' }, /a build token lives at most/],
    [{ ...least, netwroks: ['10.0.0.0/8'] }, /unknown fields: a sha256 line has/],
    [{ ...least, salt: 'x' }, /unknown fields/],
    [{ ...least, hash: 'x' }, /hash must be 64/],
    [{ ...least, kind: 'dsn' }, /only those, are of format sentry-dsn/],
    [{ ...dsn, kind: 'personal', bindings: { project: ['1'] } }, /only those, are of format sentry-dsn/],
    [dsn, /a DSN must be bound to its project/],
  ]
  for (const [line, expected] of cases) {
    const said = read(line)
    t.ok('length' in said && said.some((sentence) => expected.test(sentence)), `${expected} in ${said}`)
  }
})

t.test('several problems are several sentences', async (t) => {
  t.match(read({ ...least, hash: 'x', kind: 'wizard', subject: '' }), [/hash/, /kind/, /subject/])
})

t.test('whatever a line is, it is a line or sentences that quote no hash', async (t) => {
  const value = fc.oneof(fc.string(), fc.integer(), fc.constant(null), fc.array(fc.string()))
  const names = ['format', 'kind', 'subject', 'scopes', 'bindings', 'networks', 'expires', 'hash', 'x']
  const lines = fc.dictionary(fc.constantFrom(...names), value)
  fc.assert(
    fc.property(fc.oneof(lines, fc.jsonValue()), (line) => {
      const said = read(typeof line === 'object' && !Array.isArray(line) ? { ...least, ...line } : line)
      return !('length' in said) || (said.length > 0 && !said.join().includes(hash))
    }),
  )
  t.same(readImportLine('{"hash":', context), ['expected one JSON object'])
  t.same(readImportLine(`{"x":"${'x'.repeat(70_000)}"}`, context), ['longer than 65536 characters'])
})

t.test('a right that is given twice is not decided by its place in the line', async (t) => {
  const twice = JSON.stringify({ ...least, access: 'read-only' }).replace('}', ',"access":"owner"}')
  t.same(readImportLine(twice, context), ['a name stands twice in one object'])
})

t.test('names that mean something to the language mean nothing in a line', async (t) => {
  const line = JSON.stringify(least).replace('}', ',"__proto__":{"access":"owner"}}')
  t.match(readImportLine(line, context), [/^unknown fields/])
  const bound = JSON.stringify(least).replace('}', ',"bindings":{"__proto__":["pip"]}}')
  t.match(readImportLine(bound, context), [/^a binding key must be/])
})
