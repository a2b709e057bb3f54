/**
 * Which requests for a token are refused before anything is recorded.
 * @module
 */

import t from 'tap'
import { issueProblems } from '../../../src/tokens/life/issue-problems.ts'
import type { IssueRequest } from '../../../src/tokens/life/issue-token.ts'
import type { Access, SubjectKind, TokenKind } from '../../../src/tokens/token.ts'

const hourMs = 3_600_000
const request: IssueRequest = { kind: 'personal', subject: 'test:tester', createdBy: 'root', origin: 'test' }
const problemsOf = (change: Partial<IssueRequest>) =>
  issueProblems({ ...request, ...change }, (text) => text === '10.0.0.0/8')

t.test('a request in order has no problem', async (t) => {
  t.same(problemsOf({}), [])
  const full: Partial<IssueRequest> = {
    subjectKind: 'service',
    scopes: ['project:read', 'a.b'],
    bindings: { project: ['pip', '*'], 'go-cd_2': ['ünï'] },
    access: 'owner',
    networks: ['10.0.0.0/8'],
    paths: ['/', '/v1/AUTH_test', '/v1/a%20b'],
    description: 'é'.repeat(256),
    lifetimeMs: 1,
  }
  t.same(problemsOf(full), [])
  t.same(problemsOf({ networks: [], paths: [], scopes: [], bindings: {} }), [], 'empty lists are meant')
})

t.test('each thing wrong is refused in one sentence', async (t) => {
  const wrong: [change: Partial<IssueRequest>, sentence: RegExp][] = [
    [{ kind: 'root' as TokenKind }, /^kind must be one of/],
    [{ kind: 'system' }, /made by the gateway itself/],
    [{ subject: '' }, /^subject must be/],
    [{ subject: 'a b' }, /^subject must be/],
    [{ subject: 'a\r\nx-admin: 1' }, /^subject must be/],
    [{ subject: 'a'.repeat(257) }, /^subject must be/],
    [
      { bindings: { project: ['x'.repeat(257)] } },
      /^binding «project» must have values, each a line of 1 to 256/,
    ],
    [{ scopes: Array(300).fill('s'.repeat(30)) }, /must not exceed 8192 characters altogether/],
    [{ subject: 'аlice' }, /^subject must be .* ASCII/],
    [{ subject: 'sallyport:system' }, /the gateway's own/],
    [{ subjectKind: 'robot' as SubjectKind }, /^the kind of subject must be/],
    [{ subjectKind: 'system' }, /only the gateway itself/],
    [{ access: 'write' as Access }, /^access must be/],
    [{ createdBy: '' }, /^the issuer must be/],
    [{ description: 'x'.repeat(257) }, /^description must not exceed 256/],
    [{ description: 'two\nlines' }, /^description must be one line/],
    [{ networks: ['10.1.0.0/8'] }, /^«10.1.0.0\/8» is not a canonical CIDR block/],
    [{ scopes: ['a b'] }, /^«a b» is not a scope/],
    [{ scopes: [''] }, /is not a scope/],
    [{ scopes: ['\u001b[2J'] }, /^«\?\[2J» is not a scope/],
    [{ bindings: { Project: ['pip'] } }, /^a binding key must be/],
    [{ bindings: { project: [] } }, /must have values/],
    [{ bindings: { project: ['pip', ''] } }, /must have values/],
    [{ bindings: { project: ['p\u0000'] } }, /must have values/],
    [{ paths: ['v1'] }, /^«v1» is not a path/],
    [{ paths: ['/v1/'] }, /is not a path/],
    [{ paths: ['/v1//a'] }, /is not a path/],
    [{ paths: ['/v1/../a'] }, /is not a path/],
    [{ paths: ['/v1?a'] }, /is not a path/],
    [{ lifetimeMs: 0 }, /lifetime must be longer/],
    [{ lifetimeMs: Number.NaN }, /lifetime must be longer/],
    [{ lifetimeMs: Number.MAX_SAFE_INTEGER }, /lives at most/],
    [{ kind: 'build', lifetimeMs: 24 * hourMs + 1 }, /^a build token lives at most 24 hours/],
  ]
  for (const [change, sentence] of wrong) {
    const problems = problemsOf(change)
    t.equal(problems.length, 1, JSON.stringify(change))
    t.match(problems[0], sentence)
  }
})

t.test('everything wrong is said at once', async (t) => {
  t.equal(problemsOf({ subject: '', networks: ['x', 'y'], description: '\n', lifetimeMs: -1 }).length, 5)
})
