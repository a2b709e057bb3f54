/**
 * The names that Swift's own servers keep for themselves.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import { isGatekept } from '../../../../src/profiles/swift/gatekeeper.ts'

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
})

t.test('a kept beginning keeps every name that starts with it', async () => {
  const beginning = fc.constantFrom('x-account-sysmeta-', 'x-object-transient-sysmeta-', 'x-backend')
  fc.assert(fc.property(beginning, fc.string(), (start, rest) => isGatekept(start + rest)))
})
