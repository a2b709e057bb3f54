/**
 * `npm run test:failover`: loses servers for real while gateways are under load, prints what that cost, and ends with
 * one line, `N passed, N failed`.
 * @module
 */

import { installServers } from '../support/install-servers.ts'
import { findPostgres, startPostgres } from '../support/postgres.ts'
import { findProgram } from '../support/run-process.ts'
import { runSuite } from '../support/run-suite.ts'

const files = process.argv.slice(2)

await runSuite({
  passes: [{ files: files.length > 0 ? files : ['test/failover/**/*.test.ts'], jobs: 1 }],
  async prepare(own) {
    installServers(() => ({
      postgresql: findPostgres('postgres'),
      'redis-server': findProgram('redis-server'),
    }))
    return { DATABASE_URL: (await own(startPostgres())).url }
  },
})
