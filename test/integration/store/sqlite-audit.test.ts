/**
 * The audit record on SQLite.
 * @module
 */

import t from 'tap'
import { testAuditChain } from './audit-chain-contract.ts'
import { testAuditedActs } from './audited-acts-contract.ts'
import { newSqliteDatabase } from './sqlite-database.ts'

testAuditedActs(t, newSqliteDatabase)
testAuditChain(t, newSqliteDatabase)
