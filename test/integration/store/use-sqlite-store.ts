/**
 * A process of its own that migrates a SQLite file and issues and revokes tokens in it:
 * `node use-sqlite-store.ts FILE COUNT`.
 * @module
 */

import { migrateSqlite } from '../../../src/database/sqlite-migrations.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { parseKeyRing } from '../../../src/tokens/keys/key-ring.ts'
import { newKeyRing } from '../../../src/tokens/keys/key-ring-text.ts'
import { issueToken } from '../../../src/tokens/life/issue-token.ts'
import { SqliteTokenStore } from '../../../src/tokens/stores/sqlite/sqlite-token-store.ts'

const [path = '', count = '0'] = process.argv.slice(2)
const applied = await migrateSqlite(path)
const keyRing = parseKeyRing(newKeyRing(systemClock).reveal())
const registry = new SqliteTokenStore({ path }, { sealer: keyRing })
const issuer = { registry, keyRing, clock: systemClock, isNetwork: () => true }
for (let index = 0; index < Number(count); index++) {
  const issued = await issueToken(issuer, {
    kind: 'personal',
    subject: 'pip',
    createdBy: 'root',
    origin: 'test',
  })
  if (issued.outcome === 'refused') throw new Error(issued.problems.join())
  await registry.revokeToken(issued.token.id, {
    at: systemClock.now(),
    by: 'root',
    origin: 'test',
    cause: 'test',
  })
}
await registry.close()
process.stdout.write(JSON.stringify({ applied }))
