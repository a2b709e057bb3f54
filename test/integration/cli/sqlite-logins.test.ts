/**
 * The commands on logins at upstreams, with a record in SQLite.
 * @module
 */

import { join } from 'node:path'
import t from 'tap'
import { SqliteTokenStore } from '../../../src/tokens/stores/sqlite/sqlite-token-store.ts'
import { loginContract } from './login-contract.ts'

t.test('on SQLite', (t) =>
  loginContract(t, '{ sqlite: { path: tokens.db } }', (t, { folder }) => {
    const store = new SqliteTokenStore({ path: join(folder, 'tokens.db') })
    t.teardown(() => store.close())
    return store
  }),
)
