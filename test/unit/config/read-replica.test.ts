/**
 * The settings of a read replica: what it has of its own, and what cannot be meant.
 * @module
 */

import t from 'tap'
import { store } from '../../../src/config/schema/tokens.ts'

const url = 'postgres://u@primary/d'

t.test('a replica is given by its URL, and is waited for a short while', async (t) => {
  t.equal(store.parse({ postgres: { url } }).postgres?.replica, undefined)
  const { postgres } = store.parse({
    postgres: { url, timeout: '7s', replica: { url: 'postgres://u@replica/d' } },
  })
  t.same(postgres?.replica, { url: 'postgres://u@replica/d', connections: 10, timeout: 250 })
})

for (const [what, replica, path, message] of [
  ['the URL of the primary', { url }, ['postgres', 'replica', 'url'], /another server/],
  ['no URL', {}, ['postgres', 'replica', 'url'], /expected string/],
  [
    'options for a pooler',
    { url: 'postgres://u@h/d?options=-cx%3Dy', pooling: 'transaction' },
    ['postgres', 'replica', 'url'],
    /ALTER ROLE/,
  ],
  ['a replica of its own', { url: 'postgres://u@h/d', replica: {} }, ['postgres', 'replica'], /replica/],
] as const) {
  t.test(`${what} is refused`, async (t) => {
    t.match(store.safeParse({ postgres: { url, replica } }).error?.issues, [{ path, message }])
  })
}
