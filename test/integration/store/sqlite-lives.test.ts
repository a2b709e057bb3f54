/**
 * The lives of tokens on SQLite.
 * @module
 */

import t from 'tap'
import { newSqliteDatabase } from './sqlite-database.ts'
import { testTokenLives } from './token-lives-contract.ts'

testTokenLives(t, newSqliteDatabase)
