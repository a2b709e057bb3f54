/**
 * `npm run test:failover`, or `npm run test:failover -- FILE…`: what becomes of gateways whose servers are lost, replicated
 * or pooled. Prints what a loss under load costs, and ends with one line, `N passed, N failed`.
 * @module
 */

import { installServers } from '../support/install-servers.ts'
import { findPostgres, startPostgres } from '../support/postgres.ts'
import { startRedis } from '../support/redis.ts'
import { findProgram } from '../support/run-process.ts'
import { runSuite } from '../support/run-suite.ts'
import { failoverFiles } from './files.ts'

const files = process.argv.slice(2)

await runSuite({
  passes:
    files.length > 0
      ? [{ files, jobs: 1 }]
      : [{ files: failoverFiles.others }, { files: failoverFiles.underLoad, jobs: 1 }],
  async prepare(own) {
    installServers(() => ({
      postgresql: findPostgres('postgres'),
      'redis-server': findProgram('redis-server'),
      pgbouncer: findProgram('pgbouncer'),
      openssl: findProgram('openssl'),
    }))
    return {
      DATABASE_URL: (await own(startPostgres())).url,
      REDIS_URL: (await own(startRedis())).url,
    }
  },
})
