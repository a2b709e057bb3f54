/**
 * Which header names a route guards.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import { settings } from '../../../src/config/schema/settings.ts'
import {
  compilePrivilegedHeaders,
  defaultPrivilegedHeaders,
} from '../../../src/rewrite/privileged-headers.ts'

const section = settings.shape.routes.element.shape.privilegedHeaders
const guarded = (given: Parameters<typeof section.parse>[0] = {}) =>
  compilePrivilegedHeaders(section.parse(given))

const swiftOwnerHeaders = [
  ...['x-container-read', 'x-container-write', 'x-container-sync-key', 'x-container-sync-to'],
  ...['x-account-meta-temp-url-key', 'x-account-meta-temp-url-key-2'],
  ...['x-container-meta-temp-url-key', 'x-container-meta-temp-url-key-2', 'x-account-access-control'],
]

t.test('guards the owner headers of Swift unless told otherwise', async (t) => {
  t.strictSame(new Set(defaultPrivilegedHeaders), new Set(swiftOwnerHeaders))
  const { guardOf } = guarded()
  for (const name of swiftOwnerHeaders) {
    t.equal(guardOf(name), 'privileged', name)
    t.equal(guardOf(name.replace('x-', 'x-remove-')), 'privileged', `removal of ${name}`)
  }
  for (const name of [
    'x-container-meta-color',
    'x-container-reader',
    'container-read',
    'x-remove-',
    'x-remove',
  ]) {
    t.equal(guardOf(name), 'none', name)
  }
})

t.test('a list of names replaces the built-in one; prefixes and forms of removal add to it', async (t) => {
  const { guardOf } = guarded({ names: ['X-Owner'], prefixes: ['X-Acl-'], removePrefixes: ['X-Delete-'] })
  const privileged = ['x-owner', 'x-acl-', 'x-acl-read', 'x-delete-owner', 'x-delete-acl-read']
  for (const name of privileged) t.equal(guardOf(name), 'privileged', name)
  for (const name of ['x-container-read', 'x-acl', 'x-owner-', 'x-remove-owner', 'delete-owner']) {
    t.equal(guardOf(name), 'none', name)
  }
})

t.test(
  "an upstream's own name is internal, its removal too, and the client's name is privileged",
  async (t) => {
    const { guardOf, toUpstream, toClient } = guarded({ names: [], translate: { 'X-Outer': 'X-Inner' } })
    t.equal(guardOf('x-outer'), 'privileged')
    t.equal(guardOf('x-remove-outer'), 'privileged')
    t.equal(guardOf('x-inner'), 'internal')
    t.equal(guardOf('x-remove-inner'), 'internal')
    t.equal(toUpstream.get('x-outer'), 'x-inner')
    t.equal(toClient.get('x-inner'), 'x-outer')
  },
)

t.test('internal wins over privileged', async (t) => {
  t.equal(guarded({ names: ['x-inner'], translate: { 'x-outer': 'x-inner' } }).guardOf('x-inner'), 'internal')
  t.equal(guarded({ prefixes: ['x-in'], translate: { 'x-outer': 'x-inner' } }).guardOf('x-inner'), 'internal')
})

t.test('a translation without one meaning is an error', async (t) => {
  t.throws(() => guarded({ translate: { 'x-a': 'x-c', 'x-b': 'x-c' } }), RangeError)
  t.throws(() => guarded({ translate: { 'x-a': 'x-b', 'x-b': 'x-c' } }), RangeError)
  t.throws(() => guarded({ translate: { 'x-a': 'X-A' } }), RangeError)
})

t.test('every name under a guarded prefix is guarded, however it is removed', async () => {
  const { guardOf } = guarded({ prefixes: ['x-acl-'], removePrefixes: ['x-remove-', 'x-drop-'] })
  const tail = fc.stringMatching(/^[a-z0-9-]{0,12}$/)
  fc.assert(
    fc.property(fc.constantFrom('x-', 'x-remove-', 'x-drop-'), tail, (prefix, rest) => {
      return guardOf(`${prefix}acl-${rest}`) === 'privileged'
    }),
  )
})
