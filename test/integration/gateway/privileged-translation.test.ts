/**
 * A header that has one name for clients and another for the upstream: `X-Account-Access-Control` outside,
 * `X-Account-Sysmeta-Core-Access-Control` inside.
 * @module
 */

import t from 'tap'
import type { HeaderLine } from '../../support/recording-upstream.ts'
import { folded, nonOwners, startStandings } from './privileged-standings.ts'

const outer = 'X-Account-Access-Control'
const inner = 'X-Account-Sysmeta-Core-Access-Control'
const route = { privilegedHeaders: { translate: { [outer]: inner } } }
const named = (lines: readonly HeaderLine[]) =>
  lines.filter(([name]) => /access-control$/.test(folded(name))).map(([name, value]) => [folded(name), value])

t.test(
  "an owner's header goes up under the upstream's name, and comes down under the client's",
  async (t) => {
    const { ask, received, upstream } = await startStandings(t, route)
    const sent: readonly HeaderLine[] = [
      [outer, '{"read-only":["bob"]}'],
      [outer.toUpperCase(), 'again'],
    ]
    t.strictSame(named(await received('owner', sent)), [
      [inner.toLowerCase(), '{"read-only":["bob"]}'],
      [inner.toLowerCase(), 'again'],
    ])
    upstream.reply(() => ({
      headers: [
        [inner, 'one'],
        ['X-Between', '1'],
        [inner.toLowerCase(), 'two'],
      ],
    }))
    t.strictSame(named((await ask('owner')).headers), [
      [outer.toLowerCase(), 'one'],
      [outer.toLowerCase(), 'two'],
    ])
  },
)

t.test('nobody else sends or sees it under either name', async (t) => {
  const { ask, received, upstream } = await startStandings(t, route)
  upstream.reply(() => ({
    headers: [
      [inner, 'secret'],
      [outer, 'secret'],
      [`X-Remove-${inner.slice(2)}`, 'x'],
    ],
  }))
  for (const who of nonOwners) {
    t.strictSame(
      named(
        await received(who, [
          [outer, 'x'],
          [inner, 'x'],
        ]),
      ),
      [],
      who,
    )
    t.strictSame(named((await ask(who)).headers), [], who)
  }
})

t.test("the upstream's own name is taken from nobody, an owner included, in no spelling", async (t) => {
  const { received } = await startStandings(t, { ...route, allowUnderscoreHeaders: true })
  const spellings = [
    ...[inner, inner.toUpperCase(), inner.toLowerCase(), inner.replaceAll('-', '_'), inner.replace('-', '_')],
    ...[`X-Remove-${inner.slice(2)}`, `x_remove_${inner.slice(2).replaceAll('-', '_')}`],
  ]
  for (const who of ['owner', ...nonOwners] as const) {
    t.strictSame(
      named(
        await received(
          who,
          spellings.map((name) => [name, 'forged']),
        ),
      ),
      [],
      who,
    )
  }
})

t.test("the upstream's own name is shown to nobody under that name", async (t) => {
  const { ask, upstream } = await startStandings(t, route)
  upstream.reply(() => ({
    headers: [inner, inner.toUpperCase(), inner.replaceAll('-', '_'), `x-remove-${inner.slice(2)}`].map(
      (name) => [name, 'v'] as const,
    ),
  }))
  for (const who of ['owner', ...nonOwners] as const) {
    const names = (await ask(who)).headers.map(([name]) => folded(name))
    t.strictSame(
      names.filter((name) => name.includes('sysmeta')),
      [],
      who,
    )
  }
})

t.test('an owner who spells the name with «_» has it translated all the same', async (t) => {
  const { received } = await startStandings(t, { ...route, allowUnderscoreHeaders: true })
  t.strictSame(named(await received('owner', [[outer.replaceAll('-', '_'), 'v']])), [
    [inner.toLowerCase(), 'v'],
  ])
})

t.test("an owner's removal is translated like the header that it removes", async (t) => {
  const { received } = await startStandings(t, route)
  t.strictSame(named(await received('owner', [['X-Remove-Account-Access-Control', 'x']])), [
    ['x-remove-account-sysmeta-core-access-control', 'x'],
  ])
})

t.test('with «refuse» the internal name is dropped in silence: nobody may send it', async (t) => {
  const { ask, received } = await startStandings(t, {
    privilegedHeaders: { ...route.privilegedHeaders, fromNonOwner: 'refuse' },
  })
  t.equal((await ask('writer', [[outer, 'x']])).status, 403)
  t.strictSame(named(await received('writer', [[inner, 'x']])), [])
})
