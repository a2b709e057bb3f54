/**
 * Which route a request takes: by specificity and never by the order of the file.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import { matched, nameOf, type Routes, tableOf } from './tables.ts'

t.test(
  'text before a segment before a rest, segment by segment, in whatever order they are written',
  async (t) => {
    const routes: Routes = {
      text: '/v1/health',
      named: '/v1/{account}',
      rest: '/v1/{path+}',
      deep: '/v1/{account}/public/{object+}',
      deeper: '/v1/{account}/{container}/{object+}',
      any: '/{path*}',
      root: '/',
    }
    const expected: readonly (readonly [path: string, name: string])[] = [
      ['/v1/health', 'text'],
      ['/v1/h%65alth', 'text'],
      ['/v1/healthy', 'named'],
      ['/v1/', 'any'],
      ['/v1/a/b', 'rest'],
      ['/v1/a/', 'rest'],
      ['/v1/a/public/o', 'deep'],
      ['/v1/a/public/', 'rest'],
      ['/v1/a/private/o/p', 'deeper'],
      ['/v1', 'any'],
      ['/V1/health', 'any'],
      ['/', 'root'],
      ['/v1/health/', 'rest'],
    ]
    const orders = [Object.entries(routes), Object.entries(routes).reverse()]
    for (const order of orders) {
      const table = tableOf(Object.fromEntries(order))
      for (const [path, name] of expected) t.equal(nameOf(matched(table, path)), name, path)
    }
  },
)

t.test('goes back to a wider pattern where the narrower one leads nowhere', async (t) => {
  const table = tableOf({ narrow: '/a/b/c', wide: '/{x}/{y}/d', widest: '/{rest+}' })
  t.equal(nameOf(matched(table, '/a/b/c')), 'narrow')
  t.equal(nameOf(matched(table, '/a/b/d')), 'wide')
  t.equal(nameOf(matched(table, '/a/b/e')), 'widest')
})

t.test('an exact host before the longest suffix before any host', async (t) => {
  const path = '/{path*}'
  const table = tableOf({
    any: { path },
    short: { path, hosts: ['*.example'] },
    long: { path, hosts: ['*.swift.example'] },
    exact: { path, hosts: ['a.swift.example', 'B.Example'] },
    narrow: { path: '/health', hosts: ['*.example'] },
  })
  const cases: readonly (readonly [host: string, name: string])[] = [
    ['a.swift.example', 'exact'],
    ['A.SWIFT.EXAMPLE.:8080', 'exact'],
    ['b.example', 'exact'],
    ['b.swift.example', 'long'],
    ['swift.example', 'short'],
    ['x.y.example', 'short'],
    ['example', 'any'],
    ['notexample', 'any'],
    ['a.swift.example.evil', 'any'],
  ]
  for (const [host, name] of cases) t.equal(nameOf(matched(table, '/x', { host })), name, host)
  t.equal(nameOf(matched(table, '/health', { host: 'a.swift.example' })), 'exact', 'the host decides first')
})

t.test(
  'a route that names the method before one that takes all; no route for a method is a 404',
  async (t) => {
    const routes: Routes = {
      all: '/a',
      get: { path: '/a', methods: ['GET', 'HEAD'] },
      only: { path: '/b', methods: ['GET'] },
      wide: { path: '/c/{x+}', methods: ['PUT'] },
      narrow: { path: '/c/d', methods: ['GET'] },
    }
    for (const table of [tableOf(routes), tableOf(Object.fromEntries(Object.entries(routes).reverse()))]) {
      t.equal(nameOf(matched(table, '/a', { method: 'HEAD' })), 'get')
      t.equal(nameOf(matched(table, '/a', { method: 'POST' })), 'all')
      t.equal(nameOf(matched(table, '/b', { method: 'POST' })), 'not_found')
      t.equal(nameOf(matched(table, '/b', { method: 'get' })), 'not_found')
      t.equal(nameOf(matched(table, '/c/d', { method: 'PUT' })), 'wide')
    }
  },
)

t.test('a named segment and {rest+} are never empty; {rest*} may be', async (t) => {
  const table = tableOf({ named: '/n/{x}', one: '/p/{x+}', many: '/s/{x*}' })
  t.equal(nameOf(matched(table, '/n/')), 'not_found')
  t.equal(nameOf(matched(table, '/n')), 'not_found')
  t.equal(nameOf(matched(table, '/n/a/')), 'not_found')
  t.equal(nameOf(matched(table, '/p/')), 'not_found')
  t.equal(nameOf(matched(table, '/s/')), 'many')
  t.equal(nameOf(matched(table, '/s/a/')), 'many')
  t.equal(nameOf(matched(table, '/s')), 'many', 'and the path before it, which `{x*}` guards too')
})

t.test('yields parameters that no pattern named after a property of objects can spoil', async (t) => {
  const table = tableOf({ odd: '/{constructor}/{toString}', proto: '/p/{hasOwnProperty+}' })
  const found = matched(table, '/a%20b/c')
  if (typeof found === 'string') throw new Error(found)
  t.strictSame(Object.entries(found.parameters), [
    ['constructor', 'a b'],
    ['toString', 'c'],
  ])
  t.equal(nameOf(matched(table, '/__proto__/x')), 'odd')
})

t.test('the parameters are what decoding the path that goes on yields', async () => {
  const table = tableOf({ object: '/v1/{account}/{container}/{object+}', account: '/v1/{account}' })
  const piece = fc.oneof(
    fc.constantFrom('a', '%61', 'ü', '%C3%BC', '%20', '.', '%2e', '/', '%2f', '..', '+', '%2B', '@', '%3f'),
    fc.string({ maxLength: 2 }),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 10 }), (pieces) => {
      const found = matched(table, `/v1/${pieces.join('')}`)
      if (typeof found === 'string') return
      const [, , ...texts] = found.path.split('/').map(decodeURIComponent)
      const { account, container, object } = found.parameters
      const named = found.name === 'account' ? [account] : [account, container, ...(object ?? '').split('/')]
      if (JSON.stringify(named) !== JSON.stringify(texts)) throw new Error(`${found.path}: ${named}`)
    }),
    { numRuns: 5_000 },
  )
})
