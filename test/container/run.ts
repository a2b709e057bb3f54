/**
 * `npm run test:container`, or `npm run test:container -- FILE…`: builds the image by the steps of the Dockerfile and
 * runs the tests that need it, and ends with one line, `N passed, N failed`. It needs root on Linux.
 * @module
 */

import { installServers } from '../support/install-servers.ts'
import { findPostgres } from '../support/postgres.ts'
import { findProgram } from '../support/run-process.ts'
import { runSuite } from '../support/run-suite.ts'
import { makeBase } from './base-image.ts'
import { buildah } from './buildah.ts'
import { buildImage, imageName } from './image.ts'

const files = process.argv.slice(2)

await runSuite({
  passes: [
    {
      files: files.length > 0 ? files : ['test/container/*.test.ts'],
      // One file builds the image again.
      timeoutMs: 600_000,
    },
  ],
  async prepare() {
    if (process.getuid?.() !== 0) throw new Error('the tests of the image mount its files: run them as root')
    installServers(() => ({
      buildah: findProgram('buildah'),
      debootstrap: findProgram('debootstrap'),
      'docker-compose': findProgram('docker-compose'),
      postgresql: findPostgres('postgres'),
      'redis-server': findProgram('redis-server'),
    }))
    makeBase()
    buildImage(imageName)
    // That of the run before, which has lost its name.
    buildah('rmi', '--prune')
    return {}
  },
})
