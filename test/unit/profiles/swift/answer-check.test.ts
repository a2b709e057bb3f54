/**
 * An answer that Swift made of another place reaches only tokens that cover that place.
 * @module
 */

import t from 'tap'
import { problemOfAnswer } from '../../../../src/profiles/swift/answer-check.ts'
import type { Bindings } from '../../../../src/tokens/token.ts'
import { token } from '../../authorize/rule-input.ts'

const container = { account: ['AUTH_a'], container: ['c'] }
const account = { account: ['AUTH_a'] }
const everything = { account: ['*'] }

function codeOf(bindings: Bindings, headers: readonly string[], { status = 200, query = '' } = {}) {
  return problemOfAnswer({ status, headers }, { query }, { ...token, bindings }, 'one')?.code
}

const refused = 'binding_mismatch'
const here = ['Content-Location', '/v1/AUTH_a/c/x%20y?version-id=1']
const there = ['content-location', '/v1/AUTH_a/d/x']
const abroad = ['Content-Location', '/v1/AUTH_b/c/x']
const manifest = ['X-Object-Manifest', 'd/x']
const list = ['x-static-large-object', 'True']

t.test('of a link, the target counts', async (t) => {
  for (const status of [200, 206, 304, 404, 409, 412]) {
    t.equal(codeOf(container, here, { status }), undefined)
    t.equal(codeOf(container, there, { status }), refused)
    t.equal(codeOf(container, [...here, ...there], { status }), refused, 'of two, both')
    t.equal(codeOf(account, there, { status }), undefined)
    t.equal(codeOf(account, abroad, { status }), refused)
    t.equal(codeOf(everything, abroad, { status }), undefined)
  }
  t.equal(codeOf(account, ['Content-Location', 'x']), refused, 'what cannot be read is nowhere')
})

t.test('segments may lie anywhere in the account', async (t) => {
  for (const headers of [manifest, list]) {
    t.equal(codeOf(container, headers), refused)
    t.equal(codeOf(account, headers), undefined)
    for (const query of ['?multipart-manifest=get', '?a&multipart%2Dmanifest=get'])
      t.equal(codeOf(container, headers, { query }), undefined, query)
    for (const query of [
      '?multipart-manifest=put',
      '?multipart-manifest=GET',
      '?multipart-manifest=get&multipart-manifest=',
      '?x;multipart-manifest=get',
      '?multipart-manifest=get;x',
    ]) {
      t.equal(codeOf(container, headers, { query }), refused, query)
    }
  }
  t.equal(codeOf(container, [], { status: 416 }), refused)
  t.equal(codeOf(account, [], { status: 416 }), undefined)
  t.equal(codeOf(container, []), undefined)
})
