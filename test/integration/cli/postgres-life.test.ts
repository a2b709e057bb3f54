/**
 * The commands on the life of tokens, with a record in PostgreSQL.
 * @module
 */

import t from 'tap'
import { freshDatabase } from '../../support/postgres.ts'
import { lifeContract } from './life-contract.ts'

t.test('on PostgreSQL', async (t) => {
  const url = await freshDatabase(t)
  await lifeContract(t, () => ({ postgres: { url } }))
})
