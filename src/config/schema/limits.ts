/**
 * `limits`: how much of a route somebody may use in a time. `authentication`: how often an address may fail.
 * @module
 */

import { z } from 'zod'
import { count, duration, flag, name } from './primitives.ts'

const measure = z.enum(['token', 'subject', 'address', 'route'])

const limit = z
  .strictObject({
    by: z
      .union([measure, z.array(measure).min(1)], {
        error: 'expected token, subject, address, route, or a list of them',
      })
      .transform((by) => (typeof by === 'string' ? [by] : by))
      .pipe(z.tuple([measure], measure))
      .refine((by) => new Set(by).size === by.length, 'expected each of them once')
      .describe(
        'What requests are counted by, one of them or several together: `[route, address]` counts each address on each route apart. An address of IPv6 counts with its whole /64.',
      ),
    requests: count(1, 1_000_000_000).describe('How many requests within `per`.'),
    per: duration().describe(
      'Length of the window, at whose end the count begins anew. Windows begin at multiples of it since 1970 in UTC: `24h` at midnight.',
    ),
    exact: flag()
      .prefault(false)
      .describe(
        'Ask Redis about every request and wait for the answer, so that replicas together admit no more than `requests`. Otherwise they tell each other some ten times a second.',
      ),
    announce: flag()
      .prefault(true)
      .describe('Tell clients in `RateLimit-Policy` and `RateLimit` how they stand with this limit.'),
    everyRoute: flag().prefault(false).describe('Holds on every route, whether or not the route names it.'),
  })
  .describe('One limit.')

export const limits = z
  .record(name(), limit)
  .default({})
  .describe('Limits on use, by name, for `routes[].limits`; see docs/limits.md.')

export const authentication = z
  .strictObject({
    failures: z
      .strictObject({
        attempts: count(0, 1_000_000)
          .prefault(20)
          .describe('Credentials from one address that may turn out to be none within `per`; 0 is no bound.'),
        per: duration().prefault('1m').describe('Length of the window in which they are counted.'),
        trickle: duration()
          .prefault('1s')
          .describe('How often an address beyond that may still have an unknown credential looked up.'),
      })
      .prefault({})
      .describe(
        'Bad credentials from one address. Beyond the bound only those are taken from there that are known to be good already.',
      ),
  })
  .prefault({})
  .describe('What is done about whoever tries credentials.')

export type LimitSettings = z.output<typeof limit>
export type FailureSettings = z.output<typeof authentication>['failures']
