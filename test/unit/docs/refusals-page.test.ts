/**
 * The page of refusals is true: every code of the table with its status, and no other.
 * @module
 */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { refusalCodes, refuse } from '../../../src/request/refusal.ts'

t.test(
  'docs/refusals.md lists exactly the codes that the gateway can answer, with their status',
  async (t) => {
    const page = readFileSync(join(import.meta.dirname, '../../../docs/refusals.md'), 'utf8')
    const listed = [...page.matchAll(/^\| `([a-z_]+)` +\| (\d{3}) +\|/gm)].map(
      ([, code, status]) => `${code} ${status}`,
    )
    const known = refusalCodes.map((code) => `${code} ${refuse(code, 'for the test').status}`)
    t.same(listed.toSorted(), known.toSorted())
  },
)
