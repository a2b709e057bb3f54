/**
 * The audit record on PostgreSQL.
 * @module
 */

import t from 'tap'
import { testAuditChain } from './audit-chain-contract.ts'
import { testAuditedActs } from './audited-acts-contract.ts'
import { newPostgresDatabase } from './postgres-database.ts'

testAuditedActs(t, newPostgresDatabase)
testAuditChain(t, newPostgresDatabase)
