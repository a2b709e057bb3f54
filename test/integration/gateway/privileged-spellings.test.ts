/**
 * No spelling of a guarded name passes the gateway from, or to, somebody who is not an owner.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import { defaultPrivilegedHeaders } from '../../../src/rewrite/privileged-headers.ts'
import type { HeaderLine } from '../../support/recording-upstream.ts'
import { folded, nonOwners, spell, startStandings } from './privileged-standings.ts'

const inner = 'x-inner-acl'
const privilegedHeaders = {
  names: [...defaultPrivilegedHeaders],
  prefixes: ['x-acl-'],
  removePrefixes: ['x-remove-', 'x-delete-'],
  translate: { 'x-outer-acl': inner },
}
const guardedName = fc
  .tuple(
    fc.constantFrom('x-', 'x-remove-', 'x-delete-'),
    fc.constantFrom(
      ...defaultPrivilegedHeaders.map((name) => name.slice(2)),
      ...['acl-', 'acl-read', 'acl-x-y', 'outer-acl', 'inner-acl'],
    ),
  )
  .map(([prefix, rest]) => prefix + rest)
const choices = fc.array(fc.nat({ max: 5 }), { minLength: 40, maxLength: 40 })
const guardedLine = fc.tuple(guardedName, choices).map(([name, chosen]) => spell(name, chosen))
const harmlessLine = fc.constantFrom('X-Meta', 'Accept', 'X-Container-Meta-Color', 'x-aclx', 'X-Outer')
const lines = fc
  .array(fc.oneof(guardedLine, harmlessLine), { minLength: 1, maxLength: 12 })
  .map((names): HeaderLine[] => names.map((name, at) => [name, `v${at}`]))
const harmless = new Set(['x-meta', 'accept', 'x-container-meta-color', 'x-aclx', 'x-outer'])
const ours = (sent: readonly HeaderLine[]) => sent.filter(([, value]) => /^v\d+$/.test(value))
const isHarmless = ([name]: HeaderLine) => harmless.has(folded(name))

t.test('on the way up only harmless lines pass, all of them, in order', async (t) => {
  const { received } = await startStandings(t, { privilegedHeaders, allowUnderscoreHeaders: true })
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...nonOwners), lines, async (who, sent) => {
      const passed = ours(await received(who, sent))
      return JSON.stringify(passed) === JSON.stringify(sent.filter(isHarmless))
    }),
    { numRuns: 300 },
  )
  t.pass()
})

t.test('on the way down only harmless lines pass, all of them, in order', async (t) => {
  const { ask, upstream } = await startStandings(t, { privilegedHeaders })
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...nonOwners), lines, async (who, headers) => {
      upstream.reply(() => ({ headers }))
      const shown = ours((await ask(who)).headers)
      return JSON.stringify(shown) === JSON.stringify(headers.filter(isHarmless))
    }),
    { numRuns: 300 },
  )
  t.pass()
})

t.test("an owner sends and sees all of them but the upstream's own names", async (t) => {
  const { ask, received, upstream } = await startStandings(t, {
    privilegedHeaders,
    allowUnderscoreHeaders: true,
  })
  const values = (of: readonly HeaderLine[]) => ours(of).map(([, value]) => value)
  const isRemovalOfInner = ([name]: HeaderLine) => /^x-(remove|delete)-inner-acl$/.test(folded(name))
  const isInner = ([name]: HeaderLine) => folded(name) === inner
  await fc.assert(
    fc.asyncProperty(lines, async (sent) => {
      const up = values(await received('owner', sent))
      upstream.reply(() => ({ headers: sent }))
      const down = (await ask('owner')).headers
      upstream.reply(() => ({}))
      const mayGoUp = values(sent.filter((line) => !isInner(line) && !isRemovalOfInner(line)))
      const mayComeDown = values(sent.filter((line) => !isRemovalOfInner(line)))
      return (
        JSON.stringify(up) === JSON.stringify(mayGoUp) &&
        JSON.stringify(values(down)) === JSON.stringify(mayComeDown) &&
        !down.some(([name]) => folded(name).includes('inner'))
      )
    }),
    { numRuns: 150 },
  )
  t.pass()
})

t.test('a name with «_» is refused with 400 by default, whoever sends it, and nothing goes up', async (t) => {
  const { ask, upstream } = await startStandings(t)
  await fc.assert(
    fc.asyncProperty(fc.constantFrom('owner', ...nonOwners), guardedLine, async (who, name) => {
      fc.pre(name.includes('_'))
      const { status, body } = await ask(who, [[name, 'v1']])
      return status === 400 && JSON.parse(body.toString()).code === 'malformed_header'
    }),
    { numRuns: 100 },
  )
  t.strictSame(upstream.requests, [])
})
