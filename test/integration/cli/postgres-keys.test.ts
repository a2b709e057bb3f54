/**
 * The commands on the key ring, with a record in PostgreSQL.
 * @module
 */

import t from 'tap'
import { freshDatabase } from '../../support/postgres.ts'
import { keyContract } from './key-contract.ts'

t.test('on PostgreSQL', async (t) => {
  await keyContract(t, `{ postgres: { url: "${await freshDatabase(t)}" } }`)
})
