/**
 * The command that users of Swift have works as they know it.
 * @module
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { swiftUsers } from '../support/swift-config.ts'
import { playClientDay } from './client.ts'
import { startSwiftGateway } from './gateway.ts'
import { directly } from './ways.ts'

for (const way of [directly(), (await startSwiftGateway(t)).way]) {
  t.test(`${way.name}, swift uploads, lists, downloads, copies, signs and deletes`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-client-'))
    t.teardown(() => rmSync(folder, { recursive: true, force: true }))
    await playClientDay(t, {
      authUrl: `http://127.0.0.1:${way.port}/auth/v1.0`,
      user: 'client:owner',
      key: swiftUsers['client:owner'][0],
      folder,
    })
  })
}
