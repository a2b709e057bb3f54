/**
 * The commands on logins at upstreams, with a record in PostgreSQL.
 * @module
 */

import t from 'tap'
import { PostgresTokenStore } from '../../../src/tokens/stores/postgres/postgres-token-store.ts'
import { freshDatabase } from '../../support/postgres.ts'
import { loginContract } from './login-contract.ts'

t.test('on PostgreSQL', async (t) => {
  const url = await freshDatabase(t)
  await loginContract(t, `{ postgres: { url: "${url}" } }`, (t) => {
    const store = new PostgresTokenStore({ url, connections: 1, timeout: 10_000 })
    t.teardown(() => store.close())
    return store
  })
})
