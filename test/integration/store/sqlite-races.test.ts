/**
 * Acts at once on the lives of tokens on SQLite.
 * @module
 */

import t from 'tap'
import { testRaces } from './race-contract.ts'
import { newSqliteDatabase } from './sqlite-database.ts'

testRaces(t, newSqliteDatabase)
