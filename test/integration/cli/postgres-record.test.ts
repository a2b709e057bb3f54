/**
 * The commands on a record in PostgreSQL.
 * @module
 */

import t from 'tap'
import { freshDatabase } from '../../support/postgres.ts'
import { recordContract } from './record-contract.ts'

t.test('on PostgreSQL', async (t) => {
  await recordContract(t, `{ postgres: { url: "${await freshDatabase(t)}" } }`)
})
