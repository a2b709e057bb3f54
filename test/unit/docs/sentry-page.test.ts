/**
 * The table of cases in docs/sentry.md is whole: each has a test of its name in the file that the row names, and each
 * test that names a case has its row.
 * @module
 */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'

const root = join(import.meta.dirname, '../../..')
const page = readFileSync(join(root, 'docs/sentry.md'), 'utf8')
const rows = [...page.matchAll(/^\| (E\d+) \| .* \| (`.*`) \|$/gm)]
const folder = join(root, 'test/profiles/sentry')
const casesOf = (file: string) =>
  [...readFileSync(join(folder, file), 'utf8').matchAll(/(?:t\.test\(\s*['"`])(E\d+) /g)].map(([, id]) => id)

t.test('every case has one row, from E1 to E30', async (t) => {
  t.strictSame(
    rows.map(([, id]) => id),
    Array.from({ length: 30 }, (_, index) => `E${index + 1}`),
  )
})

t.test('every row names files with a test of that case', async (t) => {
  for (const [, id = '', files = ''] of rows) {
    const named = [...files.matchAll(/`([a-z-]+)`/g)].map(([, name]) => name)
    t.ok(named.length > 0, id)
    t.ok(
      named.some((name) => casesOf(`${name}.test.ts`).includes(id)),
      id,
    )
  }
})

t.test('every case that a test names has its row there', async (t) => {
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.test.ts'))) {
    for (const id of casesOf(file)) {
      const [, , files] = rows.find(([, each]) => each === id) ?? []
      t.ok(files?.includes(`\`${file.replace('.test.ts', '')}\``), `${id} in ${file}`)
    }
  }
})
