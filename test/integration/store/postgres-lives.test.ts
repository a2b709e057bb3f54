/**
 * The lives of tokens on PostgreSQL.
 * @module
 */

import t from 'tap'
import { newPostgresDatabase } from './postgres-database.ts'
import { testTokenLives } from './token-lives-contract.ts'

testTokenLives(t, newPostgresDatabase)
