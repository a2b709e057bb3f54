/**
 * Headers that only an owner may send or see: who counts as an owner, and what becomes of the headers.
 * @module
 */

import t from 'tap'
import type { HeaderLine } from '../../support/recording-upstream.ts'
import { folded, nonOwners, startStandings } from './privileged-standings.ts'

const guarded: readonly HeaderLine[] = [
  ['X-Container-Read', '.r:*'],
  ['x-container-write', 'evil:*'],
  ['X-CONTAINER-SYNC-KEY', 'k'],
  ['X-Container-Sync-To', '//realm/c'],
  ['X-Account-Meta-Temp-URL-Key', 'secret'],
  ['X-Account-Meta-Temp-URL-Key-2', 'secret'],
  ['X-Container-Meta-Temp-Url-Key', 'secret'],
  ['X-Container-Meta-Temp-Url-Key-2', 'secret'],
  ['X-Account-Access-Control', '{"admin":["evil"]}'],
  ['X-Remove-Container-Read', 'x'],
  ['x-remove-account-meta-temp-url-key', 'x'],
]
const harmless: readonly HeaderLine[] = [
  ['X-Container-Meta-Color', 'blue'],
  ['X-Container-Reader', 'x'],
  ['Container-Read', 'x'],
  ['X-Remove-Container-Meta-Color', 'x'],
]

t.test('an owner sends guarded headers, in the order, case and number that they came in', async (t) => {
  const { received } = await startStandings(t)
  const sent = [...guarded, ...harmless, ['X-Container-Read', 'second'] as const]
  const names = new Set(sent.map(([name]) => folded(name)))
  t.strictSame(
    (await received('owner', sent)).filter(([name]) => names.has(folded(name))),
    sent,
  )
})

t.test('nobody else does: they are stripped, and the rest goes on', async (t) => {
  const { received } = await startStandings(t)
  const names = new Set([...guarded, ...harmless].map(([name]) => folded(name)))
  for (const who of nonOwners) {
    const headers = await received(who, [...guarded, ...harmless, ...guarded])
    t.strictSame(
      headers.filter(([name]) => names.has(folded(name))),
      harmless,
      who,
    )
  }
})

t.test('an owner sees guarded headers, nobody else does', async (t) => {
  const { ask, upstream } = await startStandings(t)
  upstream.reply(() => ({ headers: [...harmless, ...guarded, ['x_container_read', 'y'], ...guarded] }))
  const names = new Set([...guarded, ...harmless].map(([name]) => folded(name)))
  const shown = async (who: Parameters<typeof ask>[0]) =>
    (await ask(who)).headers.filter(([name]) => names.has(folded(name)))
  t.strictSame(await shown('owner'), [...harmless, ...guarded, ['x_container_read', 'y'], ...guarded])
  for (const who of nonOwners) t.strictSame(await shown(who), harmless, who)
})

t.test('errors and redirects of the upstream are filtered like any answer', async (t) => {
  const { ask, upstream } = await startStandings(t)
  for (const status of [204, 301, 304, 401, 404, 500]) {
    upstream.reply(() => ({ status, headers: [['X-Container-Read', '.r:*']] }))
    const answer = await ask('writer')
    t.equal(answer.status, status)
    t.strictSame(answer.header('x-container-read'), [], `${status}`)
  }
})

t.test('a route that refuses them answers 403 to whoever is not an owner, and nothing goes up', async (t) => {
  const { ask, received, upstream } = await startStandings(t, {
    privilegedHeaders: { fromNonOwner: 'refuse' },
  })
  for (const who of ['writer', 'reader', 'public'] as const) {
    for (const line of guarded) {
      const answer = await ask(who, [line])
      t.equal(answer.status, 403, `${who}: ${line[0]}`)
      t.equal(JSON.parse(answer.body.toString()).code, 'privileged_header')
    }
  }
  t.strictSame(upstream.requests, [])
  t.ok((await received('owner', guarded)).some(([name]) => name === 'X-Container-Read'))
  t.ok((await received('writer', harmless)).some(([name]) => name === 'X-Container-Meta-Color'))
})

t.test(
  'shadow mode lets a request with them pass, stripped, and notes what it would have said',
  async (t) => {
    const { gateway, received } = await startStandings(t, { privilegedHeaders: { fromNonOwner: 'refuse' } })
    const headers = await received('shadow', guarded)
    t.strictSame(
      headers.filter(([name]) => /container|account/i.test(name)),
      [],
    )
    t.match(gateway.log.at(-1), { outcome: 'shadowed' })
  },
)

t.test('behind «not-found» even this refusal looks like a path that does not exist', async (t) => {
  const { ask, gateway } = await startStandings(t, {
    privilegedHeaders: { fromNonOwner: 'refuse' },
    onRefusal: 'not-found',
  })
  const hidden = await ask('writer', [['X-Container-Read', '.r:*']])
  const absent = await gateway.request({ path: '/absent' })
  const problem = ({ body }: typeof hidden) => ({ ...JSON.parse(body.toString()), requestId: '' })
  t.equal(hidden.status, 404)
  t.strictSame(problem(hidden), problem(absent))
})

t.test('a route guards the names and prefixes that it is told to', async (t) => {
  const { received, ask, upstream } = await startStandings(t, {
    privilegedHeaders: { names: ['X-Owner-Note'], prefixes: ['X-Acl-'], removePrefixes: ['X-Delete-'] },
  })
  const sent: readonly HeaderLine[] = [
    ['X-Owner-Note', '1'],
    ['X-ACL-Anything', '2'],
    ['X-Delete-Owner-Note', '3'],
    ['x-delete-acl-anything', '4'],
    ['X-Container-Read', 'no longer guarded'],
  ]
  const names = new Set(sent.map(([name]) => folded(name)))
  const own = (lines: readonly HeaderLine[]) => lines.filter(([name]) => names.has(folded(name)))
  t.strictSame(own(await received('owner', sent)), sent)
  t.strictSame(own(await received('writer', sent)), sent.slice(-1))
  upstream.reply(() => ({ headers: sent }))
  t.strictSame(own((await ask('reader')).headers), sent.slice(-1))
})
