/**
 * `routes[].profile.swift`: OpenStack Swift.
 * @module
 */

import { z } from 'zod'
import { duration } from '../primitives.ts'

export const swift = z
  .strictObject({
    publicUrl: z
      .string()
      .regex(/^https?:\/\/[^/?#@\s]+\/?$/, 'expected https://host or https://host:port')
      .optional()
      .describe(
        'Where clients reach the storage: X-Storage-Url names it. Omitted: the host that the client used to log in.',
      ),
    sessionLifetime: duration()
      .prefault('24h')
      .describe('How long a login lasts; with a personal token as its key at most 12h.'),
    factTtl: duration()
      .prefault('60s')
      .describe("How long Swift's word on who owns an account is taken; at most 60s."),
    askTimeout: duration()
      .prefault('5s')
      .describe('Deadline of a login at Swift, and of a question of who owns an account.'),
  })
  .describe(
    'OpenStack Swift with TempAuth. The gateway answers /auth/ itself, sends requests up as their subject, reads paths as Swift does (`pathMode: raw-exact`), and speaks in its words.',
  )

export type SwiftSettings = z.output<typeof swift>
