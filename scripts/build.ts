/**
 * Emits `dist/`: the compiled sources and the SQL files that they read at run time.
 * @module
 */

import { execFileSync } from 'node:child_process'
import { cpSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const root = join(import.meta.dirname, '..')
const typescript = dirname(createRequire(import.meta.url).resolve('typescript/package.json'))

rmSync(join(root, 'dist'), { recursive: true, force: true })
execFileSync(
  process.execPath,
  [join(typescript, 'bin/tsc'), '-p', join(root, 'scripts/tsconfig.build.json')],
  {
    stdio: 'inherit',
  },
)
for (const dialect of ['postgres', 'sqlite']) {
  const folder = join('database', 'migrations', dialect)
  cpSync(join(root, 'src', folder), join(root, 'dist', folder), { recursive: true })
}
