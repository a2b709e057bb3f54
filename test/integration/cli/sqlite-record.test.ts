/**
 * The commands on a record in SQLite.
 * @module
 */

import t from 'tap'
import { recordContract } from './record-contract.ts'

t.test('on SQLite', (t) => recordContract(t, '{ sqlite: { path: tokens.db } }'))
