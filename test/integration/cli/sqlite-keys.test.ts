/**
 * The commands on the key ring, with a record in SQLite.
 * @module
 */

import t from 'tap'
import { keyContract } from './key-contract.ts'

t.test('on SQLite', (t) => keyContract(t, '{ sqlite: { path: tokens.db } }'))
