/**
 * `routes[].profile.gocd`: GoCD.
 * @module
 */

import { z } from 'zod'
import { duration } from '../primitives.ts'

export const gocd = z
  .strictObject({
    tokens: z
      .enum(['upstream', 'gateway'])
      .default('upstream')
      .describe(
        'Whose the access tokens are. upstream: GoCD 19.2 and later, whose tokens are imported and go up with their requests. gateway: for a GoCD without, the gateway makes them, serves their API, and sends requests up with the login of their user.',
      ),
    publicUrl: z
      .string()
      .regex(/^https?:\/\/[^/?#@\s]+\/?$/, 'expected https://host or https://host:port')
      .optional()
      .describe(
        'Where clients reach GoCD, for the links in what the gateway serves. Omitted: the host that the client used.',
      ),
    userTtl: duration()
      .prefault('60s')
      .describe("How long GoCD's word is taken on a login and on who is an administrator; at most 60s."),
    adminPath: z
      .string()
      .regex(/^\/go\/[\w./-]+$/, 'expected a path such as /go/api/admin/security/auth_configs')
      .default('/go/api/admin/security/auth_configs')
      .describe('What GoCD answers with 200 to administrators alone.'),
    askTimeout: duration().prefault('5s').describe('Deadline of a question to GoCD about a user.'),
  })
  .describe(
    'GoCD. Access tokens are good for /go/api, /go/files and /go/cctray.xml, passwords and sessions pass untouched, and refusals are in its words.',
  )

export type GocdSettings = z.output<typeof gocd>
