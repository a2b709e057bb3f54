/**
 * The audit record on PostgreSQL.
 * @module
 */

import t from 'tap'
import { testAudit } from './audit-contract.ts'
import { newPostgresDatabase } from './postgres-database.ts'

testAudit(t, newPostgresDatabase)
