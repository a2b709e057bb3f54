/**
 * The names that Swift's owners and Swift's own servers keep for themselves.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import {
  isGatekept,
  isOwnerHeader,
  isShunted,
  ownerHeaders,
  removesOwnerHeader,
} from '../../../../src/profiles/swift/privileged-names.ts'
import { defaultPrivilegedHeaders } from '../../../../src/rewrite/privileged-headers.ts'

t.test('the headers of owners are those that every route guards unless it is told otherwise', async (t) => {
  t.equal(ownerHeaders.length, 9)
  t.strictSame([...ownerHeaders].sort(), [...defaultPrivilegedHeaders].sort())
})

t.test('knows an owner’s header and the header that removes it', async (t) => {
  for (const name of ownerHeaders) {
    t.ok(isOwnerHeader(name), name)
    t.ok(removesOwnerHeader(name.replace('x-', 'x-remove-')), name)
    t.notOk(removesOwnerHeader(name), name)
  }
  for (const name of [
    'x-container-meta-foo',
    'x-remove-container-meta-foo',
    'x-remove-',
    'x-remove-versions-location',
  ])
    t.notOk(isOwnerHeader(name) || removesOwnerHeader(name), name)
})

t.test('knows what the gatekeeper keeps: some names whole, some by their beginning', async (t) => {
  const kept = [
    ...['x-account-sysmeta-core-access-control', 'x-container-sysmeta-', 'x-object-sysmeta-symlink-target'],
    ...['x-object-transient-sysmeta-crypto', 'x-backend', 'x-backend-storage-policy-index', 'x-backendish'],
    ...[
      'x-account-host',
      'x-account-device',
      'x-account-partition',
      'x-container-host',
      'x-container-device',
    ],
    ...['x-container-partition', 'x-container-root-db-state', 'x-delete-at-host', 'x-delete-at-device'],
    ...['x-delete-at-partition', 'x-delete-at-container'],
  ]
  for (const name of kept) t.ok(isGatekept(name), name)
  const passed = [
    ...[
      'x-account-sysmeta',
      'x-account-hosts',
      'x-account-root-db-state',
      'x-container-hostname',
      'x-object-host',
    ],
    ...['x-delete-at', 'x-delete-at-hosts', 'x-object-meta-x-backend', 'ax-backend', 'x-back', ''],
  ]
  for (const name of passed) t.notOk(isGatekept(name), name)
  t.ok(isShunted('x-timestamp'))
  t.ok(isShunted('x-allow-reserved-names'))
  t.notOk(isShunted('x-timestamps'))
})

t.test('a kept beginning keeps every name that starts with it', async () => {
  const beginning = fc.constantFrom('x-account-sysmeta-', 'x-object-transient-sysmeta-', 'x-backend')
  fc.assert(fc.property(beginning, fc.string(), (start, rest) => isGatekept(start + rest)))
})
