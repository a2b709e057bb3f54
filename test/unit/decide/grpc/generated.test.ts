/**
 * The generated types are what the pinned definitions say, to the byte.
 * @module
 */

import { execFileSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { execPath } from 'node:process'
import t from 'tap'

const committed = 'src/decide/grpc/generated'

t.test('generating the messages again yields the bytes that are committed', async (t) => {
  const folder = t.testdir()
  const target = join(folder, 'generated')
  execFileSync(execPath, ['scripts/generate-protos.ts', target])
  t.strictSame(filesOf(target), filesOf(committed))
})

function filesOf(folder: string): Record<string, string> {
  const names = globSync('**/*.ts', { cwd: folder }).sort()
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')]))
}
