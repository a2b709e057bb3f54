/**
 * Writes `config/sallyport.schema.json`, which editors check configuration files against. With `--check` it
 * writes nothing and fails when the file is not what the sources say.
 * @module
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { settingsJsonSchema } from '../src/config/json-schema.ts'

const file = join(import.meta.dirname, '..', 'config', 'sallyport.schema.json')
const text = `${JSON.stringify(settingsJsonSchema(), null, 2)}\n`

if (!process.argv.includes('--check')) {
  writeFileSync(file, text)
} else if (readFileSync(file, 'utf8') !== text) {
  process.stderr.write('config/sallyport.schema.json is out of date; run «npm run schema»\n')
  process.exitCode = 1
}
