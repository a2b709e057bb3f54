/**
 * `npm run test:swift`, or `npm run test:swift -- FILE…`: runs the tests that need OpenStack Swift, against one
 * Swift that they share, and ends with one line, `N passed, N failed`.
 * @module
 */

import { installServers } from '../support/install-servers.ts'
import { findProgram } from '../support/run-process.ts'
import { runSuite } from '../support/run-suite.ts'
import { startSwift } from '../support/swift.ts'

const files = process.argv.slice(2)

await runSuite({
  passes: [
    {
      files: files.length > 0 ? files : ['test/swift/**/*.test.ts'],
      // One file moves some 600 MB through Swift.
      timeoutMs: 300_000,
    },
  ],
  async prepare(own) {
    installServers(() => ({
      'swift-proxy': findProgram('swift-proxy-server'),
      'swift-account': findProgram('swift-account-server'),
      'swift-container': findProgram('swift-container-server'),
      'swift-object': findProgram('swift-object-server'),
      'python3-swiftclient': findProgram('swift'),
      memcached: findProgram('memcached'),
      nginx: findProgram('nginx'),
    }))
    const { url } = await own(startSwift())
    return { SWIFT_URL: url }
  },
})
