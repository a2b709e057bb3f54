/**
 * What is said of one service behind the gateway: where it listens, how its targets are judged, and the bounds of what is
 * sent there.
 * @module
 */

import { z } from 'zod'
import { count, duration, flag } from './primitives.ts'

const targetUrl = () =>
  z
    .string()
    .regex(
      /^(https?:\/\/[^/?#@\s]+\/?|unix:\/[^\s?#]+)$/,
      'expected http://host:port or https://host:port, without path or user, or unix:/path/of.sock',
    )

const status = () => count(200, 599)

const percentage = () =>
  z
    .string()
    .regex(/^(100|[1-9]?\d)%$/, 'expected a percentage such as 10%')
    .transform((text) => Number.parseInt(text, 10))

const ejection = z
  .strictObject({
    failures: count(1, 1000)
      .prefault(3)
      .describe('Requests that have to fail one after another before a target is left out.'),
    statuses: z
      .array(status())
      .default([])
      .describe('Statuses of a response that count as failures too, such as 502 and 503.'),
    outFor: duration()
      .prefault('2s')
      .describe('How long it is left out the first time; twice as long each time.'),
    outForMax: duration().prefault('60s').describe('How long it is left out at the most.'),
  })
  .prefault({})
  .describe('When a target is left out for a while because of what requests met there.')

const health = z
  .strictObject({
    path: z
      .string()
      .regex(/^\/[\x21-\x7e]*$/, 'expected a path such as /healthz')
      .describe('What each target is asked for, with GET and without a credential.'),
    interval: duration().prefault('5s').describe('Between two questions; up to a tenth more or less.'),
    timeout: duration().prefault('2s').describe('For the whole answer.'),
    healthyAfter: count(1, 100).prefault(2).describe('Good answers in a row before a target is used again.'),
    unhealthyAfter: count(1, 100).prefault(3).describe('Bad ones in a row before it is left out.'),
    statuses: z.array(status()).min(1).default([200]).describe('Statuses of a good answer.'),
  })
  .describe('Asks the targets how they are. Omitted: nobody asks.')

const retry = z
  .strictObject({
    idempotent: flag()
      .prefault(false)
      .describe(
        'Whether a GET, HEAD or OPTIONS without a body is sent once more when its connection ended before a byte of an answer.',
      ),
    budget: percentage()
      .prefault('10%')
      .describe('How many of the requests may be sent once more; ten are held in reserve.'),
  })
  .prefault({})
  .describe('What may be sent twice: nothing, unless this says so.')

export const upstream = z
  .strictObject({
    url: targetUrl().optional().describe('Where the service listens. Exactly one of `url` and `targets`.'),
    targets: z
      .array(targetUrl())
      .min(1)
      .max(64)
      .optional()
      .describe('The places where it listens, each as good as the others.'),
    host: z
      .string()
      .regex(/^[A-Za-z0-9.\-_[\]:]+$/, 'expected a name, with a port where there is one')
      .optional()
      .describe("The service's own Host. Omitted: that of the first URL; `localhost` for a Unix socket."),
    protocol: z
      .enum(['http1', 'http2'])
      .default('http1')
      .describe(
        'What is spoken to the targets. With `http2` they have to speak it: over TLS they choose `h2`, over plain HTTP and Unix sockets they are taken at their word (h2c).',
      ),
    streams: count(1, 1000)
      .prefault(100)
      .describe(
        'Over `http2`, requests on one connection at a time at the most; fewer where a target says so.',
      ),
    connections: count(1, 10_000).prefault(64).describe('Connections to each target at the most.'),
    queue: count(0, 100_000).prefault(1024).describe('Requests that may wait for a connection; more is 503.'),
    tunnels: count(0, 1_000_000)
      .prefault(1024)
      .describe(
        'Upgraded connections to this upstream at the most, beside `connections` and with those being made; more is 503.',
      ),
    timeouts: z
      .strictObject({
        connect: duration().prefault('5s').describe('For the connection to be made; then 504.'),
        headers: duration()
          .prefault('60s')
          .describe('From the request to the head of the response; then 504.'),
        bodyIdle: duration().prefault('60s').describe('Between two pieces of the response body.'),
        keepAlive: duration()
          .prefault('4s')
          .describe("How long an idle connection is kept, unless the upstream's Keep-Alive says less."),
      })
      .prefault({}),
    tls: z
      .strictObject({
        ca: z.string().optional().describe('Private certificate authority, PEM: `${file:ca.pem}`.'),
        certificate: z
          .string()
          .optional()
          .describe("The gateway's own certificate and its chain, PEM: `${file:client.pem}`. Needs `key`."),
        key: z.string().optional().describe('Private key of `certificate`, PEM: `${file:client.key}`.'),
        serverName: z
          .string()
          .optional()
          .describe('Name to verify and to send as SNI instead of the host of the URL.'),
        verify: flag()
          .prefault(true)
          .describe('Verify the certificate; `false` needs `insecure: [unverified-upstream-tls]`.'),
      })
      .prefault({}),
    ejection,
    health: health.optional(),
    retry,
  })
  .describe('A legacy service.')
