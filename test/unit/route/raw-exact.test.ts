/**
 * Routes whose bytes go up untouched: what they take, and that they take nothing that belongs to another route.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import { matched, nameOf, tableOf } from './tables.ts'

const swift = tableOf({
  object: { path: '/v1/{account}/{container}/{object+}', pathMode: 'raw-exact' },
  admin: '/admin/{path+}',
  v1: '/v1/{account}',
})

t.test('keeps every byte of the rest, and reads the segments that the pattern names', async (t) => {
  const objects = [
    ...['a//b', '/', '..', '../x', './', 'a/../../b', 'a%2Fb', 'a%2fb', 'a;b', 'a%25b', 'a%0Ab', 'a\\b'],
    ...['%C3%BC', '\u00c3\u00bc', '%zz', '%', '%ff', '%00', 'a%20b', '%7Eb', '~b', 'a|b', '"'],
  ]
  for (const object of objects) {
    const found = matched(swift, `/v1/AUTH_te%73t/c%20d/${object}`)
    if (typeof found === 'string') throw new Error(`${object}: ${found}`)
    t.equal(found.path, `/v1/AUTH_te%73t/c%20d/${object}`)
    t.strictSame({ ...found.parameters }, { account: 'AUTH_test', container: 'c d', object })
  }
})

t.test('a segment that the pattern names is clean or the request is refused', async (t) => {
  const accounts = [
    ...['.', '..', '%2e%2e', '.%2E', '', 'a%2fb', 'a%5cb', 'a\\b', 'a;b', 'a%3b', 'a%25', 'a%00', 'a%0a'],
    ...['%ff', '%c0%ae', '%zz', '%', '%c2%85', '\u00fc', '\u00c3\u00bc', '\u00c3\u00bc%41'],
  ]
  for (const account of accounts) {
    t.equal(nameOf(matched(swift, `/v1/${account}/c/o//p`)), 'malformed_target', account)
    t.equal(nameOf(matched(swift, `/v1/a/${account}/o//p`)), 'malformed_target', account)
  }
})

t.test('a path that is not canonical is refused where a strict route takes it', async (t) => {
  for (const path of [
    '/admin/a%2fb',
    '/admin//',
    '/admin/..',
    '/%61dmin/x;y',
    '/v1/a%2Fb',
    '/v1/..',
    '/x//y',
  ]) {
    t.equal(nameOf(matched(swift, path)), 'malformed_target', path)
  }
})

t.test('takes no path that hides the segment by which a narrower route would have taken it', async (t) => {
  const table = tableOf({
    catchAll: { path: '/{path+}', pathMode: 'raw-exact' },
    files: { path: '/files/{path+}', pathMode: 'raw-exact' },
    admin: '/admin/users/{path*}',
    member: '/group/{name}/x',
  })
  const hidden = [
    ...['/admin%2Fusers/1', '//admin/users/1', '/./admin/users/1', '/%2e/admin/users/1', '/%2fadmin/users/1'],
    ...['/admin/users%2F1', '/admin//users/1', '/admin/./users/1', '/admin/%2e/users/1', '/admin;x/users/1'],
    ...['/admin/users;x/1', '/%5cadmin/users/1', '/x%2F..%2Fadmin/users/1', '/..%2fadmin/users/1'],
    ...['/group/a%2Fx', '/group//x', '/files%2Fa', '/%ff/a', '/adm%zzin/users/1'],
  ]
  for (const path of hidden) t.equal(nameOf(matched(table, path)), 'malformed_target', path)
  t.equal(nameOf(matched(table, '/files/a%2Fb//c')), 'files')
  t.equal(nameOf(matched(table, '/other/a%2Fb//c')), 'catchAll')
  t.equal(nameOf(matched(table, '/admin/groups/a%2Fb')), 'catchAll')
})

t.test('a host of its own does not let a hidden path fall through to another host', async (t) => {
  const table = tableOf({
    admin: { path: '/admin/{path+}', hosts: ['a.example'] },
    catchAll: { path: '/{path+}', pathMode: 'raw-exact' },
  })
  t.equal(nameOf(matched(table, '/admin%2Fx', { host: 'a.example' })), 'malformed_target')
  t.equal(nameOf(matched(table, '/admin%2Fx', { host: 'b.example' })), 'catchAll')
})

t.test(
  'no spelling of a path by escapes and slashes leads away from the route of the plain one',
  async () => {
    const table = tableOf({
      catchAll: { path: '/{path*}', pathMode: 'raw-exact' },
      admin: '/admin/{path*}',
      object: { path: '/v1/{account}/{container}/{object+}', pathMode: 'raw-exact' },
    })
    const plain = fc.constantFrom('/admin/users', '/admin/', '/v1/a/c/o', '/v1/a/c/o/p')
    const choices = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 12, maxLength: 12 })
    fc.assert(
      fc.property(plain, choices, (path, chosen) => {
        const spelled = `/${Array.from(path.slice(1), (one, at) => spelling(one, chosen[at] ?? 0)).join('')}`
        const found = nameOf(matched(table, spelled))
        return found === 'malformed_target' || found === nameOf(matched(table, path))
      }),
      { numRuns: 5_000 },
    )
  },
)

function spelling(character: string, choice: number): string {
  const hex = character.charCodeAt(0).toString(16)
  if (choice === 1) return `%${hex}`
  if (choice === 2) return `%${hex.toUpperCase()}`
  if (choice === 3 && character === '/') return '//'
  if (choice === 4 && character === '/') return '/./'
  return character
}
