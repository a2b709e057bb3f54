/**
 * `npm run test:proxies`, or `npm run test:proxies -- FILE…`: runs the example configurations of other proxies with
 * these proxies, and ends with one line, `N passed, N failed`.
 * @module
 */

import { runSuite } from '../support/run-suite.ts'
import { installProxies } from './install-proxies.ts'

const files = process.argv.slice(2)

await runSuite({
  passes: [{ files: files.length > 0 ? files : ['test/proxies/**/*.test.ts'] }],
  async prepare() {
    const paths = Object.entries(installProxies())
    return Object.fromEntries(paths.map(([name, path]) => [`PROXY_${name.toUpperCase()}`, path]))
  },
})
