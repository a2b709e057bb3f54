/**
 * Clients ask for what they need in the grammar of docker's token endpoint, and get a list or a refusal.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import {
  parseScopes,
  type RepositoryScope,
  scopeText,
} from '../../../../src/profiles/registry/registry-scope.ts'
import { isRefusal } from '../../../../src/request/refusal.ts'

function scopes(query: string): readonly RepositoryScope[] | number {
  const parsed = parseScopes(query)
  return isRefusal(parsed) ? parsed.status : parsed
}

t.test('scopes may be repeated, separated by spaces, and escaped', async (t) => {
  const both: readonly RepositoryScope[] = [
    { repository: 'acme/app', actions: ['pull', 'push'] },
    { repository: 'other', actions: ['pull'] },
  ]
  for (const query of [
    '?service=x&scope=repository:acme/app:pull,push&scope=repository:other:pull',
    '?scope=repository:acme/app:pull,push%20repository:other:pull',
    '?scope=repository:acme/app:pull,push+repository:other:pull',
    '?scope=repository%3Aacme%2Fapp%3Apull%2Cpush&account=a&scope=repository%3Aother%3Apull',
    '?scope=repository:acme/app:pull&scope=repository:other:pull&scope=repository:acme/app:push,pull',
  ])
    t.strictSame(scopes(query), both, query)
})

t.test('a star asks for everything, as clients do that delete', async (t) => {
  const everything = [{ repository: 'acme/app', actions: ['pull', 'push', 'delete'] }]
  t.strictSame(scopes('?scope=repository:acme/app:*'), everything)
  t.strictSame(scopes('?scope=repository:acme/app:pull,*'), everything)
})

t.test('no scope is an empty list, and so is one that nobody is granted', async (t) => {
  for (const query of [
    '',
    '?',
    '?service=x',
    '?scope=',
    '?scope=+',
    '?Scope=repository:a:pull',
    '?scope=registry:catalog:*',
    '?scope=repository(plugin):acme/app:pull',
    '?scope=repository:acme/app:metadata_read',
  ])
    t.strictSame(scopes(query), [], query)
})

t.test('what is no scope is refused with 400', async (t) => {
  for (const query of [
    '?scope=pull',
    '?scope=repository',
    '?scope=repository:acme/app',
    '?scope=repository:acme/app:',
    '?scope=repository::pull',
    '?scope=repository:ACME/app:pull',
    '?scope=repository:acme/../app:pull',
    '?scope=repository:acme/app/:pull',
    '?scope=repository:localhost:5000/app:pull',
    '?scope=repository:acme/app:pull,',
    '?scope=repository:acme/app:pull,,push',
    '?scope=Repository:acme/app:pull',
    '?scope=repository:acme/app:pull%0Arepository:other:pull',
    '?scope=%ff',
    '?scope=%',
    `?scope=repository:${'a'.repeat(256)}:pull`,
    `?${'scope=repository:a:pull&'.repeat(65)}`,
  ])
    t.equal(scopes(query), 400, query)
})

t.test('what scopeText writes is what parseScopes reads', async () => {
  const repository = fc.stringMatching(/^[a-z0-9]{1,9}(?:[._/-][a-z0-9]{1,9}){0,4}$/)
  const actions = fc.uniqueArray(fc.constantFrom('pull', 'push', 'delete'), { minLength: 1 })
  const asked = fc.uniqueArray(fc.record({ repository, actions }), { selector: (scope) => scope.repository })
  fc.assert(
    fc.property(asked, fc.constantFrom('&scope=', '+', '%20'), (wanted, between) => {
      const query = `?scope=${wanted.map((scope) => scopeText(scope.repository, scope.actions)).join(between)}`
      return JSON.stringify(scopes(query)) === JSON.stringify(wanted)
    }),
  )
})

t.test('any query is read or refused, and never fails', async () => {
  fc.assert(
    fc.property(
      fc.string(),
      (text) => Array.isArray(scopes(`?scope=${text}`)) || scopes(`?scope=${text}`) === 400,
    ),
  )
})
