/**
 * Acts at once on the lives of tokens on PostgreSQL.
 * @module
 */

import t from 'tap'
import { newPostgresDatabase } from './postgres-database.ts'
import { testRaces } from './race-contract.ts'

testRaces(t, newPostgresDatabase)
