/**
 * `routes[].profile.sentry`: Sentry.
 * @module
 */

import { z } from 'zod'

const sentryToken = () =>
  z
    .string()
    .regex(/^[\x21-\x7e]*$/, 'expected printable ASCII without spaces')
    .default('')

export const sentry = z
  .strictObject({
    token: sentryToken().describe(
      "Token of Sentry's that goes up in place of one that the gateway issued. Sentry's own tokens go up as they came. Empty: the gateway's are refused.",
    ),
    systemToken: sentryToken().describe(
      "Sentry's own system token, which goes up in place of the gateway's. Empty: the gateway's is refused.",
    ),
    sessionCookie: z
      .string()
      .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'expected the name of a cookie')
      .optional()
      .describe(
        "Name of the cookie with which Sentry's pages use its API: a request that has it and presents no token goes up for Sentry to decide about; all others without a token are refused.",
      ),
  })
  .describe(
    'Sentry. `Authorization` is read as its API authenticators read it (Bearer, Basic with a legacy key, DSN where the route admits kind dsn), tokens are held to their organization and project, and refusals are in its words.',
  )

export type SentrySettings = z.output<typeof sentry>
