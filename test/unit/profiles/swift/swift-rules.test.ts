/**
 * The rules of a route to Swift: the place first, then the access that a method needs there, then whatever the headers
 * name, and what a body names only for tokens of whole accounts.
 * @module
 */

import t from 'tap'
import { swiftRules } from '../../../../src/profiles/swift/swift-rules.ts'
import type { Token } from '../../../../src/tokens/token.ts'
import { addressOf, requestOf, token } from '../../authorize/rule-input.ts'

const rules = swiftRules('one')
const a = '/v1/AUTH_a'

function codeOf(given: Partial<Token>, method: string, target: string, ...rawHeaders: string[]) {
  const [path = '', query] = target.split('?')
  const request = { ...requestOf(method, path), query: query === undefined ? '' : `?${query}`, rawHeaders }
  const input = {
    token: { ...token, bindings: { account: ['AUTH_a'] }, ...given },
    request,
    resource: { path, parameters: {} },
    client: addressOf('127.0.0.1'),
  }
  for (const rule of rules) {
    const refusal = rule(input)
    if (refusal !== undefined) return refusal.code
  }
  return undefined
}

t.test('the access that a method needs is that of an account ACL', async (t) => {
  for (const [access, allowed] of [
    ['none', ['OPTIONS']],
    ['read-only', ['OPTIONS', 'GET', 'HEAD']],
    ['read-write', ['OPTIONS', 'GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'ANYTHING']],
  ] as const) {
    for (const method of ['OPTIONS', 'GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'ANYTHING']) {
      const expected = (allowed as readonly string[]).includes(method) ? undefined : 'insufficient_access'
      t.equal(codeOf({ access }, method, `${a}/c`), expected, `${access} ${method} container`)
      t.equal(codeOf({ access }, method, `${a}/c/o`), expected, `${access} ${method} object`)
      const ofAccount = ['OPTIONS', 'GET', 'HEAD'].includes(method) ? expected : 'insufficient_access'
      t.equal(codeOf({ access }, method, a), ofAccount, `${access} ${method} account`)
    }
  }
  t.equal(codeOf({ access: 'owner' }, 'POST', a), undefined)
})

t.test('every place that a header names has to be covered, too', async (t) => {
  const bindings = { account: ['AUTH_a'], container: ['c'] }
  const mismatch = 'binding_mismatch'
  for (const [expected, method, target, ...headers] of [
    [undefined, 'PUT', `${a}/c/o`, 'X-Copy-From', 'c/x'],
    [mismatch, 'PUT', `${a}/c/o`, 'X-Copy-From', 'd/x'],
    [mismatch, 'PUT', `${a}/c/o`, 'x-copy-from', 'c/x', 'X-Copy-From', 'd/x'],
    [mismatch, 'COPY', `${a}/c/o`, 'Destination', 'd/x'],
    [mismatch, 'COPY', `${a}/c/o`],
    [mismatch, 'PUT', `${a}/c/o`, 'X-Symlink-Target', 'd/x'],
    [mismatch, 'POST', `${a}/c/o`, 'X-Object-Manifest', 'd/x'],
    [mismatch, 'POST', `${a}/c`, 'X-Versions-Location', 'd'],
    [mismatch, 'PUT', `${a}/c/o?multipart-manifest=put`],
    [mismatch, 'POST', `${a}/c?bulk-delete`],
    [mismatch, 'GET', `${a}/c/o`, 'X-Web-Mode', 'true'],
    [undefined, 'GET', `${a}/c/o`],
    [undefined, 'GET', '/info'],
    [undefined, 'GET', `${a}/c/%ff`],
    [mismatch, 'GET', a],
    [mismatch, 'GET', '/v1/AUTH_b/c/o'],
  ] as const) {
    t.equal(codeOf({ bindings }, method, target, ...headers), expected, `${method} ${target} ${headers}`)
  }
})

t.test('what a body names is for tokens of whole accounts', async (t) => {
  for (const target of [`${a}/c?extract-archive=tar`, `${a}/c/o?multipart-manifest=put`]) {
    t.equal(codeOf({}, 'PUT', target), undefined)
    t.equal(codeOf({ paths: [a] }, 'PUT', target), 'binding_mismatch')
  }
  t.equal(codeOf({ bindings: { account: ['*'], upstream: ['two'] } }, 'GET', `${a}/c`), 'binding_mismatch')
})
