/**
 * The commands on the audit record, kept in PostgreSQL.
 * @module
 */

import pg from 'pg'
import t from 'tap'
import { freshDatabase } from '../../support/postgres.ts'
import { auditContract } from './audit-contract.ts'

t.test('on PostgreSQL', async (t) => {
  const url = await freshDatabase(t)
  await auditContract(
    t,
    () => `{ postgres: { url: "${url}" } }`,
    async (_folder, sql) => {
      const client = new pg.Client({ connectionString: url })
      await client.connect()
      await client.query(`ALTER TABLE audit_entries DISABLE TRIGGER USER; ${sql}`)
      await client.end()
    },
  )
})
