/**
 * `npm test`, or `npm test -- FILE…`: runs the suite against real servers, those at `DATABASE_URL` and
 * `REDIS_URL` or private ones, and ends with one line, `N passed, N failed`.
 * @module
 */

import { failoverFiles } from '../failover/files.ts'
import { installServers } from './install-servers.ts'
import { findPostgres, startPostgres } from './postgres.ts'
import { startRedis } from './redis.ts'
import { findProgram } from './run-process.ts'
import { runSuite } from './run-suite.ts'

/**
 * Files that put the machine under load themselves, and in which something has to happen before a deadline of the
 * gateway: they come last and one at a time, or the load of others would be what they test.
 */
const alone = [
  'test/integration/foreign/flood.test.ts',
  'test/integration/limits/replicas.test.ts',
  'test/integration/tiers/key-ring-reload.test.ts',
  'test/integration/tiers/stampede.test.ts',
  'test/profiles/registry/skopeo-crowd.test.ts',
  'test/unit/cache/change-feed.test.ts',
  'test/unit/observability/metrics.test.ts',
  'test/unit/request/open-exchanges.test.ts',
]
/** Suites with a command of their own. */
const others = [
  'test/swift/**',
  'test/container/**',
  'test/helm/**',
  'test/cluster/**',
  'test/proxies/**',
  ...failoverFiles.underLoad,
  ...failoverFiles.others,
  'test/bench/**',
]
const words = process.argv.slice(2)

await runSuite({
  passes:
    words.length > 0
      ? [{ files: words }]
      : [
          { files: ['test/**/*.test.ts'], except: [...others, ...alone] },
          { files: alone, jobs: 1 },
        ],
  async prepare(own) {
    installServers(() => ({
      postgresql: findPostgres('postgres'),
      'redis-server': findProgram('redis-server'),
      pgbouncer: findProgram('pgbouncer'),
      nginx: findProgram('nginx'),
      'docker-registry': findProgram('docker-registry'),
      skopeo: findProgram('skopeo'),
      openssl: findProgram('openssl'),
      sqlite3: findProgram('sqlite3'),
    }))
    return {
      DATABASE_URL: process.env.DATABASE_URL ?? (await own(startPostgres())).url,
      REDIS_URL: process.env.REDIS_URL ?? (await own(startRedis())).url,
    }
  },
})
