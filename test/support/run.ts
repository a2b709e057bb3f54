/**
 * `npm test`, or `npm test -- FILE…`: runs the suite against real servers, those at `DATABASE_URL` and
 * `REDIS_URL` or private ones, and ends with one line, `N passed, N failed`.
 * @module
 */

import { installServers } from './install-servers.ts'
import { findPostgres, startPostgres } from './postgres.ts'
import { startRedis } from './redis.ts'
import { findProgram } from './run-process.ts'
import { runSuite } from './run-suite.ts'

await runSuite({
  tapArguments: process.argv.slice(2),
  async prepare(own) {
    installServers(() => ({
      postgresql: findPostgres('postgres'),
      'redis-server': findProgram('redis-server'),
      nginx: findProgram('nginx'),
      'docker-registry': findProgram('docker-registry'),
    }))
    return {
      DATABASE_URL: process.env.DATABASE_URL ?? (await own(startPostgres())).url,
      REDIS_URL: process.env.REDIS_URL ?? (await own(startRedis())).url,
    }
  },
})
