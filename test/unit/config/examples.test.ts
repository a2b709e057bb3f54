/**
 * The examples that are shipped load as they are, and the schema beside them is that of the sources.
 * @module
 */

import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { loadSettings } from '../../../src/config/load-settings.ts'

const root = join(import.meta.dirname, '../../..')
const examples = readdirSync(join(root, 'config')).filter((name) => name.endsWith('.yaml'))

t.test('every example loads without a variable being set', async (t) => {
  t.ok(examples.includes('quickstart.yaml'))
  for (const name of examples) {
    const file = join(root, 'config', name)
    t.match(loadSettings(file, { env: {} }), { ok: true, warnings: [] }, name)
    t.match(readFileSync(file, 'utf8'), '$schema=./sallyport.schema.json', name)
  }
})

t.test('the JSON Schema is in step with the sources', async (t) => {
  t.doesNotThrow(() => execFileSync(process.execPath, [join(root, 'scripts/write-schema.ts'), '--check']))
})
