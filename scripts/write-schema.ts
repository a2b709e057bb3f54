/**
 * Writes what is read off the schema: `config/sallyport.schema.json`, which editors check configuration files
 * against, and `docs/configuration.md`. With `--check` it writes nothing and fails when one is not what the sources
 * say.
 * @module
 */

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { settingsJsonSchema } from '../src/config/json-schema.ts'
import { configurationPage } from './configuration-page.ts'

const schema = settingsJsonSchema()
const files = {
  'config/sallyport.schema.json': `${JSON.stringify(schema, null, 2)}\n`,
  'docs/configuration.md': configurationPage(schema),
}

for (const [name, text] of Object.entries(files)) {
  const file = join(import.meta.dirname, '..', name)
  if (!process.argv.includes('--check')) {
    writeFileSync(file, text)
  } else if (!existsSync(file) || readFileSync(file, 'utf8') !== text) {
    process.stderr.write(`${name} is out of date; run «npm run schema»\n`)
    process.exitCode = 1
  }
}
