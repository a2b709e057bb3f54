/**
 * The commands on the audit record, kept in SQLite.
 * @module
 */

import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import { auditContract } from './audit-contract.ts'

async function execute(folder: string, sql: string): Promise<void> {
  const database = new DatabaseSync(join(folder, 'tokens.db'))
  database.exec(`DROP TRIGGER IF EXISTS audit_entries_stay; ${sql}`)
  database.close()
}

t.test('on SQLite', (t) => auditContract(t, () => '{ sqlite: { path: tokens.db } }', execute))
