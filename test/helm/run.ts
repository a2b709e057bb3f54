/**
 * `npm run test:helm`, or `npm run test:helm -- FILE…`: runs the tests of the Helm chart with a real Helm, and of its
 * alerts with a real promtool, and ends with one line, `N passed, N failed`.
 * @module
 */

import { installServers } from '../support/install-servers.ts'
import { findPostgres, startPostgres } from '../support/postgres.ts'
import { startRedis } from '../support/redis.ts'
import { findProgram } from '../support/run-process.ts'
import { runSuite } from '../support/run-suite.ts'
import { installHelm } from './install-helm.ts'

const files = process.argv.slice(2)

await runSuite({
  passes: [{ files: files.length > 0 ? files : ['test/helm/**/*.test.ts'] }],
  async prepare(own) {
    const helm = installHelm()
    installServers(() => ({
      prometheus: findProgram('promtool'),
      postgresql: findPostgres('postgres'),
      'redis-server': findProgram('redis-server'),
    }))
    return {
      HELM: helm,
      DATABASE_URL: process.env.DATABASE_URL ?? (await own(startPostgres())).url,
      REDIS_URL: process.env.REDIS_URL ?? (await own(startRedis())).url,
    }
  },
})
