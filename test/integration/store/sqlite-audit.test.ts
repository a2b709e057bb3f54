/**
 * The audit record on SQLite.
 * @module
 */

import t from 'tap'
import { testAudit } from './audit-contract.ts'
import { newSqliteDatabase } from './sqlite-database.ts'

testAudit(t, newSqliteDatabase)
