/**
 * The fields that tell clients of limits are structured fields, whatever the numbers, and take the place of the
 * upstream's own.
 * @module
 */

import fc from 'fast-check'
import t from 'tap'
import type { Limit } from '../../../src/limits/limit.ts'
import { rateLimitFields, withRateLimit } from '../../../src/limits/rate-limit-fields.ts'
import { WindowCounts } from '../../../src/limits/window-counts.ts'
import { parseItems } from './parse-items.ts'

function limitOf(name: string, requests = 600, perMs = 60_000, isAnnounced = true): Limit {
  const counts = new WindowCounts({ id: name, label: name, perMs, keysMax: 1 })
  return {
    ...{ name, requests, perMs, isAnnounced, counts },
    ...{ isExact: false, needsToken: true, keyOf: () => 'x' },
  }
}

t.test('every limit is told with its quota and window, and what is left until when', async (t) => {
  const fields = rateLimitFields([
    { limit: limitOf('per-token'), remaining: 12, resetMs: 29_001 },
    { limit: limitOf('daily', 100_000, 86_400_000), remaining: 0, resetMs: 1 },
  ])
  t.strictSame(fields, [
    'ratelimit-policy',
    '"per-token";q=600;w=60, "daily";q=100000;w=86400',
    'ratelimit',
    '"per-token";r=12;t=30, "daily";r=0;t=1',
  ])
})

t.test('is a list of strings with integer parameters for any limit that can be set', async () => {
  const name = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,63}$/)
  const standing = fc.record({
    name,
    requests: fc.integer({ min: 1, max: 1_000_000_000 }),
    perMs: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
    remaining: fc.nat(),
    resetMs: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  })
  fc.assert(
    fc.property(fc.array(standing, { minLength: 1, maxLength: 5 }), (given) => {
      const [, policies = '', , states = ''] = rateLimitFields(
        given.map(({ name, requests, perMs, remaining, resetMs }) => ({
          limit: limitOf(name, requests, perMs),
          remaining,
          resetMs,
        })),
      )
      const told = parseItems(policies).map(({ value, parameters }, index) => {
        const state = parseItems(states)[index]
        return [value, parameters.get('q'), state?.value, state?.parameters.get('r')]
      })
      const expected = given.map(({ name, requests, remaining }) => [name, requests, name, remaining])
      return JSON.stringify(told) === JSON.stringify(expected)
    }),
  )
})

t.test('takes the place of the upstream’s own fields in any case, and leaves all else', async (t) => {
  const upstream = [
    'RateLimit',
    '"x";r=1',
    'Retry-After',
    '3',
    'ratelimit-POLICY',
    '"x";q=2',
    'X-RateLimit-Limit',
    '9',
  ]
  const standing = { limit: limitOf('a', 5), remaining: 4, resetMs: 1000 }
  t.strictSame(withRateLimit([...upstream], [standing]), [
    ...['Retry-After', '3', 'X-RateLimit-Limit', '9'],
    ...['ratelimit-policy', '"a";q=5;w=60', 'ratelimit', '"a";r=4;t=1'],
  ])
})

t.test('where no limit is announced, or none was asked, the headers are what they were', async (t) => {
  const upstream = ['RateLimit', '"x";r=1']
  const quiet = { limit: limitOf('a', 5, 60_000, false), remaining: 4, resetMs: 1000 }
  t.equal(withRateLimit(upstream, [quiet]), upstream)
  t.equal(withRateLimit(upstream, undefined), upstream)
})
