/**
 * `routes[].upgrade` and `routes[].timeouts`: what may outlive an ordinary request on a route, and for how long.
 * @module
 */

import { z } from 'zod'
import { duration } from './primitives.ts'

/** Protocols that carry requests of their own would carry them past every rule. */
const carriesRequests = /^(h2|h2c|http|tls)(\/|$)/

export const upgrade = z
  .strictObject({
    protocols: z
      .array(
        z
          .string()
          .regex(
            /^[a-z0-9][a-z0-9.+-]*(\/[a-z0-9.]+)?$/,
            'expected a protocol in lower case such as websocket',
          )
          .refine(
            (protocol) => !carriesRequests.test(protocol),
            'expected a protocol other than HTTP or TLS, whose requests nobody would authorize',
          ),
      )
      .default([])
      .describe(
        'Protocols that a client may switch to, such as `websocket`; for all others `Upgrade` is dropped and the plain request forwarded. `h2c`, `http` and `tls` never.',
      ),
    idle: duration()
      .prefault('5m')
      .describe('A tunnel on which no byte moves in either direction is closed.'),
    lifetime: duration().prefault('24h').describe('A tunnel is closed when it is as old as this.'),
  })
  .describe('Connections that become something else than HTTP, once their request was let through.')

export const timeouts = z
  .strictObject({
    headers: duration().optional().describe('In place of `upstreams.*.timeouts.headers`; then 504.'),
    bodyIdle: duration().optional().describe('In place of `upstreams.*.timeouts.bodyIdle`.'),
    total: duration()
      .optional()
      .describe(
        'From the moment the request is sent up to the last byte of the answer; then 504, or the answer is broken off. Omitted: no limit. Tunnels have `upgrade.lifetime`.',
      ),
  })
  .describe('Deadlines of this route, such as those of a long poll or an event stream.')
