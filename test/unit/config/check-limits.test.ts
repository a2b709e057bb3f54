/**
 * Limits that do not exist, or could never concern a route, are refused with their place.
 * @module
 */

import t from 'tap'
import { accepted, minimal, problemsOf } from './load.ts'

const withLimits = (limits: object, route: object = {}) =>
  minimal
    .replace('upstream: legacy }', `upstream: legacy, ${JSON.stringify(route).slice(1, -1)} }`)
    .concat(`limits: ${JSON.stringify(limits)}\n`)
const limit = { by: 'token', requests: 5, per: '1m' }

t.test('a limit is by one thing or several, in a window, and announced unless told otherwise', async (t) => {
  const { settings } = accepted(
    t,
    withLimits({ a: limit, b: { ...limit, by: ['route', 'address'] } }, { limits: ['a'] }),
  )
  t.strictSame(settings.limits.a, {
    ...{ by: ['token'], requests: 5, per: 60_000 },
    ...{ exact: false, announce: true, everyRoute: false },
  })
  t.strictSame(settings.limits.b?.by, ['route', 'address'])
  t.strictSame(settings.authentication.failures, { attempts: 20, per: 60_000, trickle: 1_000 })
})

t.test('what is no limit is refused', async (t) => {
  for (const wrong of [
    { ...limit, by: [] },
    { ...limit, by: ['token', 'token'] },
    { ...limit, by: 'header' },
    { ...limit, requests: 0 },
    { ...limit, per: '0s' },
    { ...limit, burst: 3 },
    { requests: 1, per: '1m' },
  ]) {
    t.not(problemsOf(t, withLimits({ a: wrong })).length, 0, JSON.stringify(wrong))
  }
})

t.test('a route names limits that exist, each once', async (t) => {
  t.match(problemsOf(t, withLimits({ daily: limit }, { limits: ['dayly'] })), [
    /routes\[0\]\.limits\[0\]: limits has no «dayly»; did you mean «daily»\?/,
  ])
  t.match(problemsOf(t, withLimits({ daily: limit }, { limits: ['daily', 'daily'] })), [/is named twice/])
})

t.test('nothing is counted by token where no token is asked for', async (t) => {
  const route = { limits: ['a'], authorize: { public: true } }
  t.match(problemsOf(t, withLimits({ a: limit }, route)), [/count by address there/])
  t.strictSame(problemsOf(t, withLimits({ a: { ...limit, by: 'address' } }, route)), [])
})
