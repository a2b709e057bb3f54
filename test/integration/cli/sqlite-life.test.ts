/**
 * The commands on the life of tokens, with a record in SQLite.
 * @module
 */

import { join } from 'node:path'
import t from 'tap'
import { lifeContract } from './life-contract.ts'

t.test('on SQLite', (t) => lifeContract(t, (folder) => ({ sqlite: { path: join(folder, 'tokens.db') } })))
