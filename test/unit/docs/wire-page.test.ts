/**
 * The page of attacks is whole: every row is named by a test on the wire, and every id that a test names has its row.
 * @module
 */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { refusalCodes, refuse } from '../../../src/request/refusal.ts'
import { framingAttacks } from '../../wire/attacks/framing-attacks.ts'
import { headerAttacks } from '../../wire/attacks/header-attacks.ts'
import { responseAttacks } from '../../wire/attacks/response-attacks.ts'
import { targetAttacks } from '../../wire/attacks/target-attacks.ts'

const root = join(import.meta.dirname, '../../..')
const page = readFileSync(join(root, 'docs/wire.md'), 'utf8')
const rows = [...page.matchAll(/^\| (B\d\d) \|(.*)$/gm)]

t.test('every row of docs/wire.md is named by a test, and every id in a test has its row', async (t) => {
  const folder = join(root, 'test/wire')
  const sources = readdirSync(folder)
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => readFileSync(join(folder, name), 'utf8'))
  // A name of a test, or the head of a row that a test is made of.
  const named = sources.flatMap((source) => source.match(/(?<=['`\s])B\d\d(?=[ '])/g) ?? [])
  const attacked = [...targetAttacks, ...headerAttacks, ...framingAttacks, ...responseAttacks].map(
    ({ id }) => id,
  )
  const listed = rows.map(([, id]) => id)
  t.equal(new Set(listed).size, listed.length, 'each has one row')
  t.strictSame(listed.toSorted(), [...new Set([...named, ...attacked])].toSorted())
})

t.test('every code on the page is one of the gateway’s, with its status', async (t) => {
  for (const [, id, row = ''] of rows) {
    for (const [, status, code = ''] of row.matchAll(/(\d{3}) `([a-z_]+)`/g)) {
      const known = refusalCodes.find((name) => name === code)
      t.equal(known && refuse(known, 'for the test').status, Number(status), `${id}: ${code}`)
    }
  }
})

t.test('as many inputs are counted on the page as there are', async (t) => {
  const inputs = [...targetAttacks, ...headerAttacks, ...framingAttacks, ...responseAttacks].flatMap<unknown>(
    ({ inputs }) => inputs,
  )
  t.match(page, `| Sallyport | ${inputs.length} | 0 |`)
})
